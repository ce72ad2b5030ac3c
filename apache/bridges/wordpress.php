<?php

/**
 * Plugin Name: Pollchat
 * Description: Shows a pollchat on a page by [pollchat room="lobby"], with your visitors signed in.
 * Version: 1.0
 * Requires PHP: 7.1
 *
 * wordpress.php - signs the visitors of a WordPress site in to its chat (EMBED.md of pollchat).
 *
 * 1. Put this file into wp-content/mu-plugins/ (make the folder), or into wp-content/plugins/ and
 *    activate it.
 * 2. Put three lines into wp-config.php, above "That's all, stop editing":
 *        define('POLLCHAT_URL', 'https://example.org/chat/');
 *        define('POLLCHAT_TOKEN_KEY', 'the token_key of chat.conf');
 *        define('POLLCHAT_TOKEN_AUD', 'its token_aud');
 * 3. Write [pollchat room="lobby" title="Chat" mode="inline"] where the chat shall be.
 *
 * Who may moderate comments is a moderator of the chat. The secret stays in wp-config.php.
 */

if (!defined('ABSPATH')) {
    exit; // asked for by its own address, it does nothing
}

add_action('wp_ajax_pollchat_token', 'pollchat_token');
add_action('wp_ajax_nopriv_pollchat_token', 'pollchat_token');
add_shortcode('pollchat', 'pollchat_element');

/** wp-admin/admin-ajax.php?action=pollchat_token: the token of the visitor. */
function pollchat_token()
{
    $user = wp_get_current_user();
    $claims = ['sub' => $user->exists() ? "wordpress:$user->ID" : '', 'name' => pollchat_name((string) $user->display_name, "user $user->ID")];
    if (user_can($user, 'moderate_comments')) {
        $claims['role'] = 'moderator';
    }
    $secret = defined('POLLCHAT_TOKEN_KEY') ? POLLCHAT_TOKEN_KEY : '';
    $aud = defined('POLLCHAT_TOKEN_AUD') ? POLLCHAT_TOKEN_AUD : '';
    pollchat_answer($claims, $secret, $aud, $_SERVER['HTTP_SEC_FETCH_SITE'] ?? '');
}

/** [pollchat room="lobby" title="Chat" mode="inline"]: the element at which the chat is shown. */
function pollchat_element($given): string
{
    if (!defined('POLLCHAT_URL')) {
        return '';
    }
    $set = shortcode_atts(['room' => 'lobby', 'title' => 'Chat', 'mode' => 'inline', 'theme' => 'auto', 'height' => '480px'], $given, 'pollchat');
    $set += ['pollchat' => POLLCHAT_URL, 'token-url' => admin_url('admin-ajax.php?action=pollchat_token', 'relative')];
    wp_enqueue_script('pollchat', POLLCHAT_URL . 'embed.js', [], null, true);
    $html = '<div';
    foreach ($set as $name => $value) {
        $html .= sprintf(' data-%s="%s"', $name, esc_attr($value));
    }
    return "$html></div>";
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
