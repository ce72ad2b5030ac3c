<?php

class session
{
    public function init()
    {
        global $mybb;
        $members = [
            '1' => ['uid' => '1', 'username' => 'admin', 'usergroup' => '4'],
            '5' => ['uid' => '5', 'username' => 'Ann <b>', 'usergroup' => '2'],
            '6' => ['uid' => '6', 'username' => 'Mo', 'usergroup' => '2'],
            '8' => ['uid' => '8', 'username' => 'Banned', 'usergroup' => '7'],
        ];
        [$uid] = explode('_', $mybb->cookies['mybbuser'] ?? '0_');
        $mybb->user = $members[$uid] ?? ['uid' => 0, 'usergroup' => 1, 'username' => ''];
        $mybb->usergroup = ['isbannedgroup' => $mybb->user['usergroup'] === '7' ? '1' : '0', 'cancp' => $mybb->user['usergroup'] === '4' ? '1' : '0'];
    }
}
