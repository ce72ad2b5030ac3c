// kinds.test.mjs - the archive on kinds of hosts: it is unpacked and opened in a browser, visitors
// talk, and doctor.html is right.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { withBrowser } from '../browser/harness.mjs';
import { until } from '../e2e/harness.mjs';
import { conform, kinds, withHost } from './host.mjs';
import { diagnose, FAULTS, talk, wrong } from './visit.mjs';

// ---- hosts on which it works ----

const WORKING = {
  // mod_fcgid: bodies up to 128 kB, and answers are buffered.
  'usual-fcgid': { addresses: 'fine', programs: 'fine', size: 'poor', stream: 'note' },
  'usual-cgi': { addresses: 'fine', programs: 'note', size: 'fine', filter: 'fine' },
  'list-of-overrides': { addresses: 'fine', programs: 'note' },
  'multiviews': { addresses: 'fine', programs: 'note' },
  'no-options': { addresses: 'note', programs: 'note' },
  'no-rewrite': { addresses: 'note', programs: 'note' },
  'fcgid-only': { addresses: 'fine', programs: 'fine' },
  'no-headers-no-env': { addresses: 'fine', programs: 'note' },
  'few-processes': { addresses: 'fine', programs: 'fine' },
};

for (const [kind, expected] of Object.entries(WORKING)) {
  test(`${kind}: the unpacked archive works, and doctor finds nothing wrong`, () =>
    withHost(kind, {}, (host) =>
      withBrowser(async ({ tab }) => {
        await talk({ tab, address: host.address });
        const diagnosis = await diagnose({ tab, address: host.address });
        assert.deepEqual(wrong(diagnosis), [], diagnosis.texts);
        assert.equal(diagnosis.states['data-served'], 'fine', diagnosis.texts);
        for (const [topic, state] of Object.entries(expected)) {
          assert.equal(diagnosis.states[topic], state, `${topic}\n${diagnosis.texts}`);
        }
        for (const secret of ['pollchat-data/chat.db', 'pollchat-data/web-test.txt', 'cgi-bin/programs/use', 'bridges/sessions.php']) {
          const answer = await host.get(secret);
          assert.ok(answer.status >= 400, `${secret}: ${answer.status}`);
        }
        fs.writeFileSync(path.join(host.site, 'cgi-bin', 'my-chat.conf'), '; mine\n');
        for (const file of ['chat.conf', 'my-chat.conf']) {
          assert.ok((await host.get(`cgi-bin/${file}`)).status >= 400, file);
        }
        await conform(host);
      }),
    ));
}

test('multiviews: each short address reaches its program, and each file is served', () =>
  withHost('multiviews', {}, async (host) => {
    for (const [where, type] of Object.entries({
      plain: 'text/html',
      embed: 'text/html',
      'embed?room=lobby': 'text/html',
      doctor: 'application/json',
      'plain.css': 'text/css',
      'embed.js': 'text/javascript',
      'doctor.html': 'text/html',
      'doctor.css?x=/plain': 'text/css',
    })) {
      const answer = await host.get(where);
      assert.equal(answer.status, 200, where);
      assert.ok(answer.headers['content-type'].startsWith(type), `${where}: ${answer.headers['content-type']}`);
    }
    assert.match((await host.get('plain')).body.toString(), /<form/);
  }));

test('works with a umask of 077, on the host and when unpacking', () =>
  withHost('usual-cgi', { umask: '077', serverUmask: '077' }, (host) =>
    withBrowser(async ({ tab }) => {
      await talk({ tab, address: host.address });
      assert.deepEqual(wrong(await diagnose({ tab, address: host.address })), []);
      assert.equal(fs.statSync(path.join(host.site, 'pollchat-data', 'chat.db')).mode & 0o777, 0o600);
      await conform(host);
    }),
  ));

test('works with read-only folders of programs', () =>
  withHost('usual-cgi', {
    before: ({ site }) => {
      for (const folder of ['cgi-bin', 'cgi-bin/programs', 'cgi']) {
        fs.chmodSync(path.join(site, folder), 0o555);
      }
    },
  }, (host) =>
    withBrowser(async ({ tab }) => {
      await talk({ tab, address: host.address });
      assert.deepEqual(wrong(await diagnose({ tab, address: host.address })), []);
      await conform(host);
    }),
  ));

test('works without the page\'s .htaccess, by the programs\' own addresses', () =>
  withHost('usual-cgi', { before: ({ site }) => fs.rmSync(path.join(site, '.htaccess')) }, (host) =>
    withBrowser(async ({ tab }) => {
      await talk({ tab, address: host.address });
      assert.equal((await diagnose({ tab, address: host.address })).states.addresses, 'note');
      await conform(host);
    }),
  ));

test('works without JavaScript and without short addresses', () =>
  withHost('no-rewrite', {}, (host) =>
    withBrowser(async ({ tab }) => {
      const page = await tab(host.address, { javaScriptEnabled: false, ignore: FAULTS });
      await page.waitForURL(/plain/);
      await page.getByLabel('Name').fill('ann');
      await page.getByLabel('Message').fill('an old browser');
      await page.getByRole('button', { name: 'Send' }).click();
      await page.waitForURL(/poll\.cgi\/plain\?room=lobby&name=ann/);
      await page.frameLocator('iframe').getByText('an old browser').waitFor();
      assert.equal(await page.evaluate(() => 1).catch(() => 0) >= 0, true);
      assert.equal((await page.request.get(new URL('../../plain.css', page.url()).href)).status(), 200);
      await page.getByLabel('Message').fill(' ');
      await page.getByLabel('Message').fill('');
      await page.getByRole('button', { name: 'Send' }).click();
      await page.getByRole('alert').waitFor();
      await page.getByRole('link', { name: 'Back to the room' }).click();
      await page.frameLocator('iframe').getByText('an old browser').waitFor();
    }),
  ));

// ---- hosts on which it does not work, and what doctor reports ----

test('without CGI the page is served, and doctor says what to ask the host for', () =>
  withHost('no-cgi', {}, (host) =>
    withBrowser(async ({ tab }) => {
      assert.equal((await host.get('')).status, 200);
      const diagnosis = await diagnose({ tab, address: host.address });
      assert.deepEqual(wrong(diagnosis).length, 1, diagnosis.texts);
      assert.match(diagnosis.texts, /runs? (no|them)|CGI/);
    }),
  ));

test('after FTP has dropped the execute bits, doctor says so; it works once the owner has set them', () =>
  withHost('usual-cgi', {
    before({ site }) {
      for (const file of [
        'cgi-bin/send.cgi',
        'cgi-bin/poll.cgi',
        'cgi-bin/pollchat',
        'cgi-bin/probe.cgi',
        'cgi/send.cgi',
        'cgi/poll.cgi',
      ]) {
        fs.chmodSync(path.join(site, file), 0o644);
      }
      const programs = path.join(site, 'cgi-bin', 'programs');
      for (const name of fs.readdirSync(programs).filter((name) => name.startsWith('pollchat-'))) {
        fs.chmodSync(path.join(programs, name), 0o644);
      }
    },
  }, (host) =>
    withBrowser(async ({ tab }) => {
      assert.equal((await host.get('')).status, 200);
      const before = await diagnose({ tab, address: host.address });
      assert.deepEqual(wrong(before), ['execute-bit'], before.texts);
      assert.match(before.texts, /755/);
      for (const file of ['send.cgi', 'poll.cgi']) {
        // These set the bit of the program itself.
        fs.chmodSync(path.join(host.site, 'cgi-bin', file), 0o755);
      }
      await talk({ tab, address: host.address });
      assert.deepEqual(wrong(await diagnose({ tab, address: host.address })), []);
      await conform(host);
    }),
  ));

test('on a host that forbids rewriting it works after the two changes that INSTALL.html and doctor name', () =>
  withHost('no-links', {}, (host) =>
    withBrowser(async ({ tab }) => {
      fs.rmSync(path.join(host.site, '.htaccess')); // INSTALL.html, "403 on every page"
      assert.equal((await host.get('')).status, 200);
      const before = await diagnose({ tab, address: host.address });
      assert.deepEqual(wrong(before), ['rewriting'], before.texts);
      fs.renameSync(
        path.join(host.site, 'cgi-bin', 'htaccess-for-cgi.txt'),
        path.join(host.site, 'cgi-bin', '.htaccess'),
      );
      await talk({ tab, address: host.address });
      const after = await diagnose({ tab, address: host.address });
      assert.deepEqual(wrong(after), [], after.texts);
      for (const secret of [
        'cgi-bin/chat.conf',
        'cgi-bin/pollchat',
        'cgi-bin/pollchat/x',
        'cgi-bin/programs/use',
        'pollchat-data/chat.db',
      ]) {
        assert.ok((await host.get(secret)).status >= 400, secret);
      }
      await conform(host);
    }),
  ));

test('if FastCGI cannot start programs, doctor says which file to rename, and then it works', () =>
  withHost('fcgid-broken', {}, (host) =>
    withBrowser(async ({ tab }) => {
      const before = await diagnose({ tab, address: host.address });
      assert.deepEqual(wrong(before), ['fastcgi'], before.texts);
      fs.renameSync(
        path.join(host.site, 'cgi-bin', 'htaccess-for-cgi.txt'),
        path.join(host.site, 'cgi-bin', '.htaccess'),
      );
      await talk({ tab, address: host.address });
      const after = await diagnose({ tab, address: host.address });
      assert.deepEqual(wrong(after), [], after.texts);
      assert.equal(after.states.programs, 'note', after.texts);
      await conform(host);
    }),
  ));

test('for an archive of another machine type, doctor names the type of this machine', () =>
  withHost('usual-cgi', {
    before({ site }) {
      for (const file of ['cgi-bin/send.cgi', 'cgi-bin/poll.cgi', 'cgi-bin/pollchat']) {
        const bytes = fs.readFileSync(path.join(site, file));
        bytes.writeUInt16LE(0xf3, 18); // e_machine: RISC-V
        fs.writeFileSync(path.join(site, file), bytes);
      }
    },
  }, (host) =>
    withBrowser(async ({ tab }) => {
      const diagnosis = await diagnose({ tab, address: host.address });
      assert.deepEqual(wrong(diagnosis), ['machine'], diagnosis.texts);
      assert.match(diagnosis.texts, /x86_64|aarch64/);
    }),
  ));

test('after an upload that was cut off, the starter names the file', () =>
  withHost('usual-cgi', {
    before({ site }) {
      const programs = path.join(site, 'cgi-bin', 'programs');
      const [name] = fs.readdirSync(programs).filter((entry) => entry.startsWith('pollchat-'));
      fs.truncateSync(path.join(programs, name), 1_000_000);
    },
  }, (host) =>
    withBrowser(async ({ tab }) => {
      const diagnosis = await diagnose({ tab, address: host.address });
      assert.deepEqual(wrong(diagnosis), ['programs'], diagnosis.texts);
      assert.match(diagnosis.texts, /not whole/);
    }),
  ));

test('doctor names a wrong line in chat.conf', () =>
  withHost('usual-fcgid', { before: ({ site }) => fs.appendFileSync(path.join(site, 'cgi-bin', 'chat.conf'), '\nmax_text = much\n') }, (host) =>
    withBrowser(async ({ tab }) => {
      const diagnosis = await diagnose({ tab, address: host.address });
      assert.deepEqual(wrong(diagnosis), [], diagnosis.texts);
      assert.match(diagnosis.texts, /chat\.conf line \d+: max_text is 'much'/);
      assert.equal((await host.get('poll')).status, 200, 'the chat still works');
    }),
  ));

test('doctor = nobody also closes the probe, with and without execute bits, and the page says how to open it', () =>
  withHost('usual-cgi', {}, (host) =>
    withBrowser(async ({ tab }) => {
      const probe = () => host.get('cgi-bin/probe.cgi');
      assert.match((await probe()).text, /^probe 1$/m);
      for (const line of [
        'doctor = nobody',
        ' doctor:nobody ; closed\r',
        'doctor = everyone\ndoctor = nobody',
        'doctor = all',
        'doctor nobody',
      ]) {
        fs.writeFileSync(path.join(host.site, 'cgi-bin', 'my-chat.conf'), `${line}\n`);
        for (const bits of [0o755, 0o644]) {
          fs.chmodSync(path.join(host.site, 'cgi-bin', 'pollchat'), bits);
          const closed = await probe();
          assert.equal(
            `${closed.status} ${/machine|pollchat-/.test(closed.text)}`,
            '403 false',
            `${line}: ${closed.text}`,
          );
        }
      }
      fs.chmodSync(path.join(host.site, 'cgi-bin', 'poll.cgi'), 0o644);
      assert.match((await diagnose({ tab, address: host.address })).texts, /doctor = everyone/);
      fs.writeFileSync(path.join(host.site, 'cgi-bin', 'my-chat.conf'), 'doctor = everyone\r\n');
      assert.match((await probe()).text, /^not-executable poll\.cgi$/m);
    }),
  ));

for (const kind of ['usual-fcgid', 'usual-cgi']) {
  test(`${kind}: my-chat.conf overrides chat.conf without a restart, and unpacking does not replace it`, () =>
    withHost(kind, {}, async (host) => {
      const send = async (text) =>
        (
          await host.get('send', {
            method: 'POST',
            body: `text=${text}`,
            headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
          })
        ).status;
      assert.equal(await send('longer'), 201);
      fs.writeFileSync(path.join(host.site, 'cgi-bin', 'my-chat.conf'), 'max_text = 5\r\n');
      await until(async () => (await send('longer')) === 413, 'the settings to be read', 30_000);
      assert.equal(await send('short'), 201);
      if (kind === 'usual-cgi') { // a running program cannot be overwritten
        host.unpack();
      }
      assert.equal(await send('longer'), 413);
      fs.rmSync(path.join(host.site, 'cgi-bin', 'my-chat.conf'));
      await until(async () => (await send('longer')) === 201, 'the settings to be read', 30_000);
    }));
}

test('doctor reports a data folder that cannot be written', () =>
  withHost('usual-cgi', {
    before({ site }) {
      fs.chownSync(path.join(site, 'pollchat-data'), 0, 0);
      fs.chmodSync(path.join(site, 'pollchat-data'), 0o755);
    },
  }, (host) =>
    withBrowser(async ({ tab }) => {
      const diagnosis = await diagnose({ tab, address: host.address });
      assert.ok(wrong(diagnosis).includes('data'), diagnosis.texts);
      assert.match(diagnosis.texts, /can't be made or written/);
    }),
  ));

for (const kind of ['no-htaccess', 'lighttpd-cgi']) {
  test(`${kind}: the server serves the database, so the first visitor's page stops the chat, until the owner has moved the data`, () =>
    withHost(kind, {}, (host) =>
      withBrowser(async ({ tab }) => {
        assert.equal((await host.get('cgi-bin/poll.cgi/poll')).status, 200);
        assert.equal((await host.get('pollchat-data/chat.db')).status, 200);
        const page = await tab(host.address, { name: 'ann', ignore: /./ });
        const mark = path.join(host.site, 'pollchat-data', 'READABLE-BY-THE-WEB.txt');
        await page.waitForFunction(async () =>
          (await (await fetch('cgi-bin/poll.cgi/poll')).json()).type?.endsWith(':exposed'),
        );
        assert.ok(fs.existsSync(mark));
        const refused = await host.get('cgi-bin/send.cgi/send', {
          method: 'POST',
          body: 'text=secret',
          headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        });
        assert.equal(refused.status, 503);
        assert.equal(refused.json().type, 'urn:pollchat:problem:exposed');
        const before = await diagnose({ tab, address: host.address });
        assert.deepEqual(wrong(before).sort(), ['data-served', 'data-web'], before.texts);

        // The owner moves the data, but to another served folder: first the setting, as
        // INSTALL.html says, then the folder.
        let folder = path.join(host.site, 'pollchat-data');
        const set = (data) => fs.writeFileSync(path.join(host.site, 'cgi-bin', 'my-chat.conf'), `data = ${data}\n`);
        const move = (data) => {
          const to = path.join(host.site, 'cgi-bin', data);
          fs.renameSync(folder, to);
          folder = to;
          fs.rmSync(path.join(folder, path.basename(mark)));
        };
        set('../../../chat-data');
        assert.equal(
          (await host.get('cgi-bin/poll.cgi/poll')).status,
          503,
          'nothing is created in the new place before the folder is there',
        );
        move('../../../chat-data');
        assert.equal((await host.get('cgi-bin/poll.cgi/poll')).status, 200);
        const between = await diagnose({ tab, address: host.address });
        assert.ok(wrong(between).includes('data-served'), between.texts);
        assert.equal((await host.get('cgi-bin/poll.cgi/poll')).status, 503);

        // Now the owner moves it to a folder that is not served.
        set('../../../../chat-data');
        move('../../../../chat-data');
        await talk({ tab, address: host.address });
        const after = await diagnose({ tab, address: host.address });
        assert.deepEqual(wrong(after), [], after.texts);
        assert.equal(after.states['data-web'], 'fine', after.texts);
      }),
    ));
}

test('each kind of host is tested', () => {
  const tried = [...Object.keys(WORKING), 'no-cgi', 'no-htaccess', 'lighttpd-cgi', 'fcgid-broken', 'no-links'];
  assert.deepEqual(Object.keys(kinds).filter((kind) => kinds[kind].tried === undefined && !tried.includes(kind)), []);
});
