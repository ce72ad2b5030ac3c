// archive.test.mjs - the contents of the archive, that each build gives the same bytes, and that
// its programs need nothing from the machine they run on.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../cgi/program.mjs';
import { architectures, archives, build, repository, run } from './dist.mjs';

const SIZE_MAX = 3_000_000;

const filesOf = (folder) => fs.readdirSync(folder, { recursive: true }).map(String).sort();

for (const [arch, prefix] of Object.entries(architectures)) {
  test(`${arch}: a build in another folder, with another umask, time zone, language and file dates, gives the same bytes`, (t) => {
    const copy = path.join(temporaryFolder(t), 'another', 'and-a-longer-name');
    fs.mkdirSync(copy, { recursive: true });
    run('sh', [
      '-c',
      'umask 077; tar -C "$1" --exclude=./build --exclude=node_modules -cf - . | tar -C "$2" --no-same-permissions -xf -',
      'sh',
      repository,
      copy,
    ]);
    // The packages are downloaded once: they are not part of this test.
    fs.mkdirSync(path.join(copy, 'build'));
    run('cp', ['-a', path.join(build, `sysroot-${arch}`), path.join(copy, 'build')]);
    run('find', [copy, '-name', '*.[ch]', '-exec', 'touch', '-d', '2009-02-13 23:31:30', '{}', '+']);
    run('find', [path.join(copy, 'www'), path.join(copy, 'apache'), '-exec', 'touch', '-d', '2031-01-01', '{}', '+']);
    const { SOURCE_DATE_EPOCH: _, MAKEFLAGS: __, ...environment } = process.env;
    const env = {
      ...environment,
      TZ: 'Pacific/Auckland',
      LANG: 'tr_TR.UTF-8',
      LC_ALL: 'tr_TR.UTF-8',
      ZIPOPT: '-1',
      TAR_OPTIONS: '--mode=777',
      USER: 'somebody',
      HOME: copy,
    };
    run('sh', ['-c', 'umask 077; exec make -j2 dist ARCH="$0"', arch], { cwd: copy, env });
    for (const [kind, made] of Object.entries(archives(arch, copy))) {
      assert.equal(spawnSync('cmp', [archives(arch)[kind], made], { encoding: 'utf8' }).stdout, '', kind);
    }
  });

  test(`${arch}: modes, owner, dates and size are as hosts need them, and alike in both archives`, (t) => {
    const { zip, tar } = archives(arch);
    const folder = temporaryFolder(t);
    const commit = spawnSync('git', ['-c', 'safe.directory=*', 'log', '-1', '--format=%ct'], {
      cwd: repository,
      encoding: 'utf8',
    }).stdout.trim();
    const when = Number(process.env.SOURCE_DATE_EPOCH || commit || 1767225600);
    for (const file of [zip, tar]) {
      assert.ok(fs.statSync(file).size <= SIZE_MAX, `${file}: ${fs.statSync(file).size} bytes`);
    }
    for (const line of run('tar', ['--numeric-owner', '-tvzf', tar]).trim().split('\n')) {
      assert.match(line, /^(?:-rw-r--r--|-rwxr-xr-x|drwxr-xr-x) 0\/0 .* pollchat\//, line);
    }
    for (const [name, command, args] of [
      ['tar', 'tar', ['--no-same-owner', '-xpzf', tar]],
      ['zip', 'unzip', ['-q', zip]],
    ]) {
      fs.mkdirSync(path.join(folder, name));
      run(command, args, { cwd: path.join(folder, name), env: { ...process.env, TZ: 'UTC' } });
      for (const file of filesOf(path.join(folder, name))) {
        const found = fs.lstatSync(path.join(folder, name, file));
        const isProgram = /\.cgi$|\/pollchat$|\/pollchat-0[^/]*$|\/pollchat-[1-9][^/]*$/.test(file) && found.isFile();
        assert.ok(found.isFile() || found.isDirectory(), `${file}: a file or a folder, no link or device`);
        assert.equal(
          (found.mode & 0o7777).toString(8),
          found.isDirectory() || isProgram ? '755' : '644',
          `${name}: ${file}`,
        );
        assert.ok(
          Math.abs(found.mtimeMs / 1000 - when) < 2,
          `${name}: ${file} is of ${found.mtime.toISOString()}, not of ${when}`,
        );
      }
    }
    run('diff', ['-r', path.join(folder, 'tar'), path.join(folder, 'zip')]);
    assert.deepEqual(filesOf(path.join(folder, 'tar')), filesOf(path.join(folder, 'zip')));
  });

  test(`${arch}: the archive has all files that it needs, and no trace of the machine that built it`, (t) => {
    const folder = temporaryFolder(t);
    run('tar', ['-C', folder, '-xzf', archives(arch).tar]);
    const site = path.join(folder, 'pollchat');
    const names = filesOf(site);
    const wanted = ['', 'cgi', 'cgi-bin', 'cgi-bin/programs', 'heads', 'pollchat-data', 'bridges'].map((place) =>
      path.join(place, '.htaccess'),
    );
    wanted.push(
      'index.html',
      'embed.js',
      'doctor.html',
      'owner.html',
      'INSTALL.html',
      'LICENSE',
      'cgi-bin/chat.conf',
      'cgi-bin/poll.cgi',
      'cgi-bin/send.cgi',
      'cgi-bin/pollchat',
      'cgi/poll.cgi',
      'cgi/send.cgi',
      'cgi-bin/programs/use',
    );
    for (const name of wanted) {
      assert.ok(names.includes(name), `${name} is missing`);
    }
    const used = fs.readFileSync(path.join(site, 'cgi-bin/programs/use'), 'utf8');
    assert.match(used, /^pollchat-[0-9.]+-[0-9a-f]{8}\n$/);
    assert.deepEqual(fs.readdirSync(path.join(site, 'cgi-bin/programs')).sort(), ['.htaccess', used.trim(), 'use']);
    assert.ok(!names.some((name) => /~$|\.new$|\.sw[a-z]$|\.bak$|\.o$|\.test\./.test(name)), names.join('\n'));
    const tree = (at) => filesOf(path.join(repository, at)).filter((name) => fs.statSync(path.join(repository, at, name)).isFile() && !/~$|\.sw.$|^README\.md$/.test(name));
    assert.deepEqual(tree('www').filter((name) => !names.includes(name)), [], 'all files of the page');
    assert.deepEqual(tree('apache/bridges').filter((name) => !names.includes(path.join('bridges', name))), [], 'all bridges');
    const secrets = [
      repository,
      os.tmpdir() + path.sep + 'pollchat-',
      ...[os.hostname(), os.userInfo().username].filter((name) => name.length > 4 && name !== 'localhost'),
    ];
    for (const name of names.filter((file) => fs.statSync(path.join(site, file)).isFile())) {
      const bytes = fs.readFileSync(path.join(site, name));
      for (const secret of [...secrets, 'build/sysroot']) {
        assert.ok(!bytes.includes(secret), `${name} contains ${secret}`);
      }
    }
  });

  test(`${arch}: the programs need no library, no loader, no kernel newer than 3.10 and no executable stack`, () => {
    const readelf = (...args) => run(`${prefix}readelf`, ['-W', ...args]);
    const machine = { x86_64: /Advanced Micro Devices X86-64/, aarch64: /AArch64/ }[arch];
    for (const name of ['bundle', 'start']) {
      const file = path.join(build, `dist-${arch}`, name);
      assert.match(readelf('-h', file), machine);
      const segments = readelf('-l', file);
      assert.doesNotMatch(segments, /INTERP|DYNAMIC/);
      assert.match(segments, /GNU_STACK +0x\w+ +0x\w+ +0x\w+ +0x\w+ +0x\w+ +RW +/, 'the stack is not executable');
      assert.doesNotMatch(segments, / RWE /);
      assert.doesNotMatch(readelf('-d', file), /NEEDED/);
      const asked = /ABI: (\d+)\.(\d+)\.\d+/.exec(readelf('-n', file));
      // The first kernel for aarch64 was 3.7.
      assert.ok(
        asked === null
          ? name === 'start'
          : Number(asked[1]) === 3 && Number(asked[2]) <= { x86_64: 2, aarch64: 7 }[arch],
        `${name}: ${asked?.[0]}`,
      );
    }
  });
}

test('a file that was deleted from the tree is not in the archive', () => {
  const left = path.join(build, 'dist-x86_64', 'stage', 'www', 'js', 'left-over.js');
  fs.writeFileSync(left, '');
  run('make', ['dist'], { cwd: repository });
  assert.ok(!fs.existsSync(left));
  assert.doesNotMatch(run('tar', ['-tzf', archives('x86_64').tar]), /left-over/);
});
