<?php

// The settings of the WordPress of a test: everything of its own is in the folder WORDPRESS_TEST.
// Debian's wp-config.php, in the unpacked package, is replaced by a line that reads this file.

define('DB_NAME', 'test');
define('DB_USER', 'test');
define('DB_PASSWORD', 'test');
define('DB_HOST', 'nowhere.invalid');
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
foreach (['AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'NONCE_KEY', 'AUTH_SALT', 'SECURE_AUTH_SALT', 'LOGGED_IN_SALT', 'NONCE_SALT'] as $name) {
    define($name, "$name of a test");
}
define('WP_CONTENT_DIR', getenv('WORDPRESS_TEST') . '/wp-content');
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('DISABLE_WP_CRON', true);
define('WP_DEBUG', true);
define('WP_DEBUG_LOG', getenv('WORDPRESS_TEST') . '/debug.log');
define('WP_DEBUG_DISPLAY', false);
define('POLLCHAT_URL', 'https://chat.example.org/');
define('POLLCHAT_TOKEN_KEY', (string) getenv('TOKEN_KEY'));
define('POLLCHAT_TOKEN_AUD', 'chat');
$table_prefix = 'wp_';
require_once ABSPATH . 'wp-settings.php';
