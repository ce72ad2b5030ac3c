<?php

// Stands in for a MyBB 1.8 board: what inc/init.php and inc/class_session.php leave behind, as far as
// the bridge uses it. $mybb->user and $mybb->usergroup have the members of the real ones that say who
// a visitor is (tables users and usergroups).

if (!defined('IN_MYBB')) {
    die('Direct initialization of this file is not allowed.');
}
define('MYBB_ROOT', dirname(__DIR__) . '/');
require MYBB_ROOT . 'inc/config.php';

class Test_MyBB
{
    public $config = [];
    public $user = [];
    public $usergroup = [];
    public $cookies = [];
    public $session;
}

class Test_Cache
{
    public function read($name)
    {
        return [1 => ['gid' => '1'], 2 => ['gid' => '2'], 4 => ['gid' => '4'], 7 => ['gid' => '7']];
    }
}

function is_moderator($fid = 0, $action = '', $uid = 0)
{
    return $uid === '6';
}

$mybb = new Test_MyBB();
$mybb->config = &$config;
$mybb->cookies = $_COOKIE;
$cache = new Test_Cache();
