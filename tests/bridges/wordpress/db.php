<?php

// WordPress takes its database class from wp-content/db.php if there is one. This one keeps the
// tables in a file of SQLite, so that the test needs no MySQL server. It knows the statements that
// signing in and asking for a token take, and no others.

class Test_Database extends wpdb
{
    private $file;

    public function db_connect($allow_bail = true)
    {
        $this->file = new PDO('sqlite:' . getenv('WORDPRESS_TEST') . '/wordpress.db', null, null, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
        $this->is_mysql = false;
        $this->ready = true;
        $this->has_connected = true;
        return true;
    }

    public function query($query)
    {
        $this->flush();
        $query = preg_replace('/ ON DUPLICATE KEY UPDATE .*$/s', '', preg_replace('/^INSERT INTO(?=.* ON DUPLICATE KEY)/s', 'INSERT OR REPLACE INTO', $query));
        $query = str_replace('SQL_CALC_FOUND_ROWS', '', $this->remove_placeholder_escape($query));
        $result = $this->file->query($query);
        $this->last_result = preg_match('/^\s*SELECT/i', $query) ? $result->fetchAll(PDO::FETCH_OBJ) : [];
        $this->num_rows = count($this->last_result);
        $this->rows_affected = $result->rowCount();
        $this->insert_id = (int) $this->file->lastInsertId();
        return $this->last_result === [] ? $this->rows_affected : $this->num_rows;
    }

    public function _real_escape($text)
    {
        return $this->add_placeholder_escape(str_replace("'", "''", (string) $text));
    }

    public function select($database, $connection = null)
    {
    }

    public function set_charset($connection, $charset = null, $collate = null)
    {
    }

    public function db_version()
    {
        return '8.0';
    }

    public function has_cap($what)
    {
        return true;
    }

    protected function get_table_charset($table)
    {
        return 'utf8mb4';
    }

    public function get_col_charset($table, $column)
    {
        return 'utf8mb4';
    }

    public function get_col_length($table, $column)
    {
        return false;
    }
}

$GLOBALS['wpdb'] = new Test_Database(DB_USER, DB_PASSWORD, DB_NAME, DB_HOST);
