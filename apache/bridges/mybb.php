<?php

/**
 * mybb.php - signs the members of a MyBB board (1.8) in to its chat (EMBED.md of pollchat).
 *
 * 1. Put this file into the board's folder, beside global.php.
 * 2. Put two lines into inc/config.php:
 *        $config['pollchat_token_key'] = 'the token_key of chat.conf';
 *        $config['pollchat_token_aud'] = 'its token_aud';
 * 3. Name this file in data-token-url of the chat's element (in a template, such as footer).
 *
 * Administrators and moderators are moderators of the chat; a banned member isn't signed in. The
 * secret stays in inc/config.php.
 */

if (!is_file(__DIR__ . '/inc/init.php') || !is_file(__DIR__ . '/inc/class_session.php')) {
    exit; // not in a board's folder
}
define('IN_MYBB', 1);
define('NO_ONLINE', 1);
define('THIS_SCRIPT', basename(__FILE__));
require_once __DIR__ . '/inc/init.php';
$groupscache = $cache->read('usergroups');
if (!is_array($groupscache)) {
    $cache->update_usergroups();
    $groupscache = $cache->read('usergroups');
}
require_once MYBB_ROOT . 'inc/class_session.php';
$session = new session();
$session->init();
$mybb->session = &$session;

/** For $mybb->user and $mybb->usergroup of MyBB: who is signed in. */
function pollchat_claims(array $member, array $group, bool $is_moderator): array
{
    $is_signed_in = !empty($member['uid']) && empty($group['isbannedgroup']);
    $claims = ['sub' => $is_signed_in ? "mybb:{$member['uid']}" : '', 'name' => pollchat_name($member['username'] ?? '', 'user ' . ($member['uid'] ?? 0))];
    return $claims + ($is_moderator ? ['role' => 'moderator'] : []);
}

// ---- the same in each bridge ----

/** A token (JWT, HS256) with these claims. $secret: as token_key in chat.conf, an id before it too. */
function pollchat_sign(array $claims, string $secret): string
{
    preg_match('/^(?:(?!base64url:)([A-Za-z0-9._-]{1,32}):)?(base64url:)?(.*)$/s', $secret, $part);
    $key = $part[2] === '' ? $part[3] : (string) base64_decode(strtr($part[3], '-_', '+/'));
    $header = ['alg' => 'HS256', 'typ' => 'JWT'] + ($part[1] === '' ? [] : ['kid' => $part[1]]);
    $encode = function (string $bytes): string {
        return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
    };
    $text = $encode(json_encode($header)) . '.' . $encode(json_encode($claims, JSON_UNESCAPED_UNICODE));
    return $text . '.' . $encode(hash_hmac('sha256', $text, $key, true));
}

/** A name as the chat takes it: 1 to 64 characters, of which none is invisible or a line break. */
function pollchat_name(string $name, string $otherwise): string
{
    $name = html_entity_decode($name, ENT_QUOTES | ENT_HTML5, 'UTF-8');
    $name = preg_replace('/(?![\x{200C}\x{200D}])[\p{C}\p{Zl}\p{Zp}]+/u', ' ', $name);
    return preg_match('/^\s*(\S.{0,63})/us', (string) $name, $part) ? trim($part[1]) : $otherwise;
}

/**
 * Answers with the token of this visitor, or with null for a guest (whose sub is ''), and
 * ends. claims: sub, name, and role if it is more than member.
 */
function pollchat_answer(array $claims, string $secret, string $aud, string $from)
{
    header('Content-Type: application/json; charset=utf-8');
    header('Cache-Control: no-store');
    header('X-Content-Type-Options: nosniff');
    header('Cross-Origin-Resource-Policy: same-origin');
    if (!in_array($from, ['', 'none', 'same-origin'], true)) { // Sec-Fetch-Site: another site asks
        http_response_code(403);
        exit('{"token":null}');
    }
    if (strlen($secret) < 32) {
        http_response_code(500);
        exit('{"error":"The secret is missing, or has less than 32 characters: see EMBED.md of pollchat."}');
    }
    $now = time();
    $token = $claims['sub'] === '' ? null : pollchat_sign($claims + ['aud' => $aud, 'iat' => $now, 'exp' => $now + 600], $secret);
    exit(json_encode(['token' => $token]));
}

pollchat_answer(
    pollchat_claims($mybb->user, $mybb->usergroup, !empty($mybb->usergroup['cancp']) || is_moderator(0, '', $mybb->user['uid'])),
    (string) ($mybb->config['pollchat_token_key'] ?? ''),
    (string) ($mybb->config['pollchat_token_aud'] ?? ''),
    $_SERVER['HTTP_SEC_FETCH_SITE'] ?? ''
);
