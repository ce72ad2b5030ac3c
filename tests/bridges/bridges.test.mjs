// bridges.test.mjs - the bridges sign the visitors of other software in: WordPress and PHP sessions
// as they are, phpBB and MyBB by stand-ins that have what the bridges read (boards/).

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { withSite } from '../e2e/harness.mjs';
import { claimsIn, freePort, read, ROOT, SECRET, withFolder, withPhp } from './php.mjs';

const HERE = path.join(ROOT, 'tests', 'bridges');
const bridge = (name) => path.join(ROOT, 'apache', 'bridges', name);
const NAMES = fs.readdirSync(path.join(ROOT, 'apache', 'bridges')).filter((name) => name.endsWith('.php'));
/** The chat on lighttpd, with the secret of the bridges. body(sendAs): sends with a token. */
const withChat = (env, body) =>
  withSite({ profile: 'lighttpd', env: { POLLCHAT_TOKEN_ALG: 'hs256', POLLCHAT_TOKEN_KEY: SECRET, POLLCHAT_TOKEN_AUD: 'chat', ...env } }, (site) =>
    body(async (token) => {
      const answer = await site.send({ text: 'hi' }, { headers: { Authorization: `Bearer ${token}` } });
      assert.equal(answer.status, 201, String(answer.body));
      return answer.json().name;
    }));
const OTHER_SITE = { 'Sec-Fetch-Site': 'cross-site' };

// ---- WordPress ----

const WORDPRESS = path.join(ROOT, 'build', 'wordpress', 'usr', 'share', 'wordpress'); // unpacked by tests/run

/** A WordPress with two users: ann, a subscriber, and eve, an editor. */
async function withWordPress(env, body) {
  await withFolder(async (folder) => {
    const content = path.join(folder, 'wp-content');
    const port = await freePort();
    const all = {
      TOKEN_KEY: SECRET, ...env,
      WORDPRESS_TEST: folder, WORDPRESS_FOLDER: WORDPRESS, WORDPRESS_HOST: `127.0.0.1:${port}`, WORDPRESS_CONFIG: path.join(HERE, 'wordpress', 'wp-config.php'),
    };
    fs.writeFileSync(path.join(WORDPRESS, 'wp-config.php'), '<?php require getenv("WORDPRESS_CONFIG");\n');
    for (const to of [path.join(WORDPRESS, 'wp-content'), content]) {
      fs.mkdirSync(to, { recursive: true });
      fs.copyFileSync(path.join(HERE, 'wordpress', 'db.php'), path.join(to, 'db.php'));
    }
    fs.mkdirSync(path.join(content, 'mu-plugins'));
    fs.copyFileSync(bridge('wordpress.php'), path.join(content, 'mu-plugins', 'wordpress.php'));
    const php = (code) => spawnSync('php', code, { env: { ...process.env, ...all }, encoding: 'utf8' });
    assert.equal(php([path.join(HERE, 'wordpress', 'install.php')]).stdout, 'ann 1\neve 2\n');
    await withPhp(WORDPRESS, all, async ({ get }) => {
      const token = (options) => get('/wp-admin/admin-ajax.php?action=pollchat_token', options);
      const signIn = async (login) => {
        const { status, cookies } = await get('/wp-login.php', { cookie: 'wordpress_test_cookie=x', form: { log: login, pwd: `password of ${login}`, testcookie: '1' } });
        assert.equal(status, 302, 'WordPress knows the password');
        return cookies.join('; ');
      };
      await body({ get, token, signIn, php });
    }, port);
    const debug = path.join(folder, 'debug.log');
    assert.equal(fs.existsSync(debug) ? fs.readFileSync(debug, 'utf8') : '', '', 'WordPress has no warnings to log');
  });
}

test('WordPress: a user who signed in gets a token, an editor as a moderator, a visitor none', () =>
  withWordPress({}, async ({ token, signIn }) => {
    assert.equal(claimsIn(await token()), null);
    const ann = await signIn('ann');
    assert.deepEqual(claimsIn(await token({ cookie: ann })), { sub: 'wordpress:1', name: "Ann O'Hara", aud: 'chat' });
    const eve = await signIn('eve');
    assert.deepEqual(claimsIn(await token({ cookie: eve, headers: { 'Sec-Fetch-Site': 'same-origin' } })), { sub: 'wordpress:2', name: 'Eve', role: 'moderator', aud: 'chat' });
    assert.equal(claimsIn(await token({ cookie: ann.replace(/ann%7C/g, 'eve%7C') })), null, 'a forged cookie');
    await withChat({}, async (sendAs) => assert.equal(await sendAs(JSON.parse((await token({ cookie: ann })).text).token), "Ann O'Hara"));
    const asked = await token({ cookie: eve, headers: OTHER_SITE });
    assert.deepEqual([asked.status, asked.text], [403, '{"token":null}']);
  }));

test('WordPress: the shortcode makes an element with the address of the token, and escapes what it is given', () =>
  withWordPress({}, async ({ php }) => {
    const code = `$_SERVER += ['HTTP_HOST' => 'x', 'SERVER_PROTOCOL' => 'HTTP/1.1', 'REQUEST_URI' => '/']; require getenv('WORDPRESS_FOLDER') . '/wp-load.php';
      echo do_shortcode('[pollchat room="post-42" title="Any <i>questions</i>?"]'), "\\n"; wp_print_scripts();`;
    const { stdout } = php(['-r', code]);
    assert.match(stdout, /^<div data-room="post-42" data-title="Any &lt;i&gt;questions&lt;\/i&gt;\?" data-mode="inline" data-theme="auto" data-height="480px" data-pollchat="https:\/\/chat\.example\.org\/" data-token-url="\/wp-admin\/admin-ajax\.php\?action=pollchat_token"><\/div>$/m);
    assert.match(stdout, /<script[^>]* src='https:\/\/chat\.example\.org\/embed\.js'/);
  }));

test('WordPress: without a secret, or with a short one, no user is signed in', () =>
  withWordPress({ TOKEN_KEY: 'too short' }, async ({ token, signIn }) => {
    const answer = await token({ cookie: await signIn('ann') });
    assert.equal(answer.status, 500);
    assert.match(answer.text, /secret is missing/);
    assert.doesNotMatch(answer.text, /too short/);
  }));

// ---- PHP sessions ----

/** A site with sessions: /login.php?id=…&name=… begins one. where: the folder of the secret. */
async function withSessions(where, secret, body) {
  await withFolder(async (folder) => {
    const served = path.join(folder, 'public');
    fs.mkdirSync(served);
    fs.copyFileSync(bridge('sessions.php'), path.join(served, 'token.php'));
    fs.writeFileSync(path.join(served, 'login.php'), `<?php session_start();
      $_SESSION = ['user_id' => $_GET['id'], 'user_name' => $_GET['name'], 'is_moderator' => isset($_GET['moderator'])];`);
    fs.writeFileSync(path.join(folder, where, 'pollchat-secret.php'), `<?php return ['key' => '${secret}', 'aud' => 'chat'];`);
    await withPhp(served, {}, async ({ get }) => {
      const login = async (query) => (await get(`/login.php?${new URLSearchParams(query)}`)).cookies.join('; ');
      await body({ get, login, token: (options) => get('/token.php', options) });
    });
  });
}

test('PHP sessions: who has a session gets a token, and no session is begun for others', () =>
  withSessions('', SECRET, async ({ token, login, get }) => {
    const guest = await token();
    assert.equal(claimsIn(guest), null);
    assert.deepEqual(guest.cookies, []);
    assert.deepEqual(claimsIn(await token({ cookie: await login({ id: 17, name: 'Ann' }) })), { sub: 'user:17', name: 'Ann', aud: 'chat' });
    assert.deepEqual(claimsIn(await token({ cookie: await login({ id: 18, name: 'Mo', moderator: 1 }) })), { sub: 'user:18', name: 'Mo', aud: 'chat', role: 'moderator' });
    assert.equal(claimsIn(await token({ cookie: 'PHPSESSID=chosen-by-a-stranger' })), null);
    assert.equal((await token({ headers: OTHER_SITE })).status, 403);
    assert.doesNotMatch((await get('/token.php?debug=1')).text, new RegExp(SECRET));
  }));

test('PHP sessions: names become what the chat takes', () =>
  withSessions('', SECRET, async ({ token, login }) => {
    const names = {
      'Ιωάννα': 'Ιωάννα', ' Ann\tB \n': 'Ann B', 'Ann &amp; Bob': 'Ann & Bob', 'A\u200bnn\u202e': 'A nn', '': 'user 1', '\u200b \u00ad': 'user 1',
      'می\u200cخواهم': 'می\u200cخواهم', '👩\u200d🚀': '👩\u200d🚀', 'caf\u00e9': 'café', '伊安': '伊安',
    };
    names['n'.repeat(70)] = 'n'.repeat(64);
    names['é'.repeat(70)] = 'é'.repeat(64);
    for (const [name, expected] of Object.entries(names)) {
      assert.equal(claimsIn(await token({ cookie: await login({ id: 1, name }) })).name, expected, JSON.stringify(name));
    }
  }));

test('PHP sessions: the secret may have an id before it, and be written as base64url, as in chat.conf', async () => {
  await withSessions('', `march:${SECRET}`, async ({ token, login }) =>
    assert.ok(claimsIn(await token({ cookie: await login({ id: 1, name: 'A' }) }), { kid: 'march' })));
  const bytes = Buffer.from(Array.from({ length: 40 }, (_, i) => 255 - i));
  for (const [before, kid] of [['', undefined], ['a.b_c-1:', 'a.b_c-1']]) {
    await withSessions('', `${before}base64url:${bytes.toString('base64url')}`, async ({ token, login }) =>
      assert.ok(claimsIn(await token({ cookie: await login({ id: 1, name: 'A' }) }), { kid, secret: bytes })));
  }
});

test('PHP sessions: a secret in the folder that the web serves is not used', () =>
  withSessions('public', SECRET, async ({ token, login }) => {
    const answer = await token({ cookie: await login({ id: 17, name: 'Ann' }) });
    assert.equal(answer.status, 500);
    assert.match(answer.text, /secret is missing/);
  }));

// ---- phpBB, MyBB ----

async function withBoard(name, body) {
  await withFolder(async (folder) => {
    fs.cpSync(path.join(HERE, 'boards', name), folder, { recursive: true });
    fs.copyFileSync(bridge(`${name}.php`), path.join(folder, 'pollchat.php'));
    await withPhp(folder, { TOKEN_KEY: `march:${SECRET}` }, async ({ get }) => {
      const of = async (cookie) => claimsIn(await get('/pollchat.php', { cookie }), { kid: 'march' });
      await body({ get, of });
    });
  });
}

test('phpBB: a member gets a token, an administrator as a moderator; guests and robots get none', () =>
  withBoard('phpbb', async ({ get, of }) => {
    assert.equal(await of(''), null);
    assert.equal(await of('phpbb3_x_u=9'), null);
    assert.deepEqual(await of('phpbb3_x_u=7'), { sub: 'phpbb:7', name: 'Ann & "Co"', aud: 'chat' });
    assert.deepEqual(await of('phpbb3_x_u=2'), { sub: 'phpbb:2', name: 'admin', aud: 'chat', role: 'moderator' });
    assert.equal((await get('/pollchat.php', { cookie: 'phpbb3_x_u=7', headers: OTHER_SITE })).status, 403);
  }));

test('MyBB: a member gets a token, administrators and moderators as moderators; guests and banned members get none', () =>
  withBoard('mybb', async ({ get, of }) => {
    assert.equal(await of(''), null);
    assert.equal(await of('mybbuser=8_x'), null);
    assert.deepEqual(await of('mybbuser=5_x'), { sub: 'mybb:5', name: 'Ann <b>', aud: 'chat' });
    for (const [uid, name] of [['1', 'admin'], ['6', 'Mo']]) {
      assert.deepEqual(await of(`mybbuser=${uid}_x`), { sub: `mybb:${uid}`, name, aud: 'chat', role: 'moderator' });
    }
    assert.equal((await get('/pollchat.php', { headers: OTHER_SITE })).status, 403);
  }));

// ---- the examples ----

const example = (language) => fs.readFileSync(path.join(ROOT, 'www', 'EMBED.md'), 'utf8').match(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'm'))[1];

test('the example in Python prints a token that the chat takes', async () => {
  const { stdout, stderr } = spawnSync('python3', ['-c', example('python')], { env: { ...process.env, TOKEN_KEY: SECRET }, encoding: 'utf8' });
  assert.equal(stderr, '');
  const { token } = JSON.parse(stdout);
  assert.deepEqual(read(token), { sub: '17', name: 'Ann', aud: 'chat' });
  await withChat({}, async (sendAs) => assert.equal(await sendAs(token), 'Ann'));
});

test('the example for the shell prints a public key, and a token that a chat with this key takes', () =>
  withFolder(async (folder) => {
    const { stdout, stderr } = spawnSync('sh', ['-euc', example('sh')], { cwd: folder, encoding: 'utf8' });
    assert.equal(stderr, '');
    const [x, token] = stdout.split('\n');
    assert.match(x, /^[\w-]{43}$/, 'as token_key wants it');
    await withChat({ POLLCHAT_TOKEN_ALG: 'eddsa', POLLCHAT_TOKEN_KEY: x }, async (sendAs) => assert.equal(await sendAs(token), 'Backup'));
  }));

// ---- all of them ----

test('a bridge that lies in a folder of its own says nothing about the machine, and signs no visitor in', () =>
  withFolder(async (folder) => {
    for (const name of NAMES) {
      fs.copyFileSync(bridge(name), path.join(folder, name));
    }
    await withPhp(folder, {}, async ({ get }) => {
      for (const name of NAMES) {
        const { text } = await get(`/${name}`, { cookie: 'PHPSESSID=x' });
        assert.match(text, name === 'sessions.php' ? /^\{"error":"The secret is missing[^/]*"\}$/ : /^$/, name);
      }
    });
  }));

test('what is the same in each bridge is the same', () => {
  const parts = NAMES.map((name) => fs.readFileSync(bridge(name), 'utf8').match(/\/\/ ---- the same in each bridge ----\n[^]*?\n}\n(?=\n*$|\npollchat_)/)?.[0]);
  assert.equal(parts.length, 4);
  assert.ok(parts[0].includes('function pollchat_answer'));
  parts.forEach((part, i) => assert.equal(part, parts[0], NAMES[i]));
});
