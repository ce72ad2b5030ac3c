<?php

// Makes the tables, roles and users of the WordPress of a test, by the functions of WordPress.

$_SERVER += ['HTTP_HOST' => getenv('WORDPRESS_HOST'), 'REQUEST_URI' => '/', 'SERVER_PROTOCOL' => 'HTTP/1.1'];
$file = new PDO('sqlite:' . getenv('WORDPRESS_TEST') . '/wordpress.db', null, null, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
$file->exec("
    CREATE TABLE wp_options (option_id INTEGER PRIMARY KEY, option_name UNIQUE, option_value, autoload DEFAULT 'yes');
    CREATE TABLE wp_users (ID INTEGER PRIMARY KEY, user_login, user_pass, user_nicename, user_email, user_url, user_registered,
        user_activation_key, user_status, display_name);
    CREATE TABLE wp_usermeta (umeta_id INTEGER PRIMARY KEY, user_id, meta_key, meta_value);
    CREATE TABLE wp_posts (ID INTEGER PRIMARY KEY, post_author, post_date, post_date_gmt, post_content, post_title, post_excerpt, post_status,
        comment_status, ping_status, post_password, post_name, to_ping, pinged, post_modified, post_modified_gmt, post_content_filtered,
        post_parent, guid, menu_order, post_type, post_mime_type, comment_count);
    CREATE TABLE wp_postmeta (meta_id INTEGER PRIMARY KEY, post_id, meta_key, meta_value);
    CREATE TABLE wp_terms (term_id INTEGER PRIMARY KEY, name, slug, term_group);
    CREATE TABLE wp_term_taxonomy (term_taxonomy_id INTEGER PRIMARY KEY, term_id, taxonomy, description, parent, count);
    CREATE TABLE wp_term_relationships (object_id, term_taxonomy_id, term_order);
    CREATE TABLE wp_termmeta (meta_id INTEGER PRIMARY KEY, term_id, meta_key, meta_value);
");
$address = 'http://' . getenv('WORDPRESS_HOST');
foreach (['siteurl' => $address, 'home' => $address, 'blogname' => 'A site', 'db_version' => 0, 'users_can_register' => 0, 'template' => 'none', 'stylesheet' => 'none'] as $name => $value) {
    $file->prepare('INSERT INTO wp_options (option_name, option_value) VALUES (?, ?)')->execute([$name, $value]);
}
require getenv('WORDPRESS_FOLDER') . '/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';
populate_roles();
update_option('db_version', $wp_db_version);
foreach ([['ann', 'Ann O&#039;Hara', 'subscriber'], ['eve', 'Eve', 'editor']] as [$login, $name, $role]) {
    $id = wp_insert_user(['user_login' => $login, 'user_pass' => "password of $login", 'user_email' => "$login@example.org", 'display_name' => $name, 'role' => $role]);
    echo is_wp_error($id) ? $id->get_error_message() : "$login $id", "\n";
}
