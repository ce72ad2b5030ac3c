<?php

// Stands in for a phpBB 3.3 board: what its common.php leaves behind, as far as the bridge uses it.
// $user->data has the members of the real one that say who a visitor is (table users, and
// is_registered, is_bot of phpbb/session.php); names are kept as HTML.

if (!defined('IN_PHPBB')) {
    exit;
}
require $phpbb_root_path . 'config.php';
$test_cookie = $_COOKIE['phpbb3_x_u'] ?? '1';

class Test_User
{
    public $data = [];

    public function session_begin($update_session_page = true)
    {
        global $test_cookie;
        $of = [
            '1' => ['user_id' => '1', 'user_type' => '2', 'username' => 'Anonymous', 'username_clean' => 'anonymous', 'is_registered' => false, 'is_bot' => false],
            '2' => ['user_id' => '2', 'user_type' => '3', 'username' => 'admin', 'username_clean' => 'admin', 'is_registered' => true, 'is_bot' => false],
            '7' => ['user_id' => '7', 'user_type' => '0', 'username' => 'Ann &amp; &quot;Co&quot;', 'username_clean' => 'ann', 'is_registered' => true, 'is_bot' => false],
            '9' => ['user_id' => '9', 'user_type' => '2', 'username' => 'Some [Bot]', 'username_clean' => 'some [bot]', 'is_registered' => false, 'is_bot' => true],
        ];
        $this->data = $of[$test_cookie];
    }
}

class Test_Auth
{
    private $is_admin = false;

    public function acl(&$data)
    {
        $this->is_admin = $data['user_id'] === '2';
    }

    public function acl_get($option, $forum = 0)
    {
        return $this->is_admin ? 1 : 0;
    }

    public function acl_getf_global($option)
    {
        return false;
    }
}

class Test_Request
{
    private $server;

    public function __construct()
    {
        // phpBB takes the superglobals away, so that nothing reads them but this class.
        $this->server = $_SERVER;
        unset($GLOBALS['_SERVER'], $GLOBALS['_COOKIE'], $GLOBALS['_GET'], $GLOBALS['_POST']);
    }

    public function server($name, $default = '')
    {
        return htmlspecialchars($this->server[$name] ?? $default);
    }
}

class Test_Config_File
{
    public function get($variable)
    {
        return $GLOBALS[$variable] ?? null;
    }
}

$phpbb_config_php_file = new Test_Config_File();
$user = new Test_User();
$auth = new Test_Auth();
$request = new Test_Request();
