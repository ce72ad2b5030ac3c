<?php

/**
 * sessions.php - signs the visitors of a site with PHP sessions in to its chat (EMBED.md of pollchat).
 *
 * 1. Make a file pollchat-secret.php beside (not in) the folder that your web server serves:
 *        <?php return ['key' => 'the token_key of chat.conf', 'aud' => 'its token_aud'];
 * 2. Change pollchat_visitor() so that it reads what your site keeps in its sessions.
 * 3. Put this file into your site, and name its address in data-token-url of the chat's element.
 *
 * Without that secret this file answers an error, and tells nothing else.
 */

/** The visitor: an id that never changes, and the name. The id of a guest is ''. */
function pollchat_visitor(): array
{
    return [
        'sub' => (string) ($_SESSION['user_id'] ?? ''),
        'name' => (string) ($_SESSION['user_name'] ?? ''),
        'is_moderator' => !empty($_SESSION['is_moderator']),
    ];
}

/** The settings, from the folder above the served one; a file that the web can reach isn't read. */
function pollchat_settings(): array
{
    $root = (string) realpath((string) ($_SERVER['DOCUMENT_ROOT'] ?? ''));
    $file = realpath(dirname($root) . '/pollchat-secret.php');
    $is_outside = $root !== '' && $root !== '/' && $file !== false && strpos($file, $root . '/') !== 0;
    $settings = $is_outside ? require $file : [];
    return (is_array($settings) ? $settings : []) + ['key' => '', 'aud' => ''];
}

/** Runs at the end of this file. */
function pollchat_main()
{
    $settings = pollchat_settings();
    $visitor = ['sub' => '', 'name' => '', 'is_moderator' => false];
    if (isset($_COOKIE[session_name()])) { // without one there is no session to read, and none is begun
        session_start(['read_and_close' => true, 'use_strict_mode' => 1]);
        $visitor = pollchat_visitor();
    }
    $claims = ['sub' => $visitor['sub'] === '' ? '' : "user:{$visitor['sub']}", 'name' => pollchat_name($visitor['name'], "user {$visitor['sub']}")];
    if ($visitor['is_moderator']) {
        $claims['role'] = 'moderator';
    }
    pollchat_answer($claims, (string) $settings['key'], (string) $settings['aud'], $_SERVER['HTTP_SEC_FETCH_SITE'] ?? '');
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

pollchat_main();
