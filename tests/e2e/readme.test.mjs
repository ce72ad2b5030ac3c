// readme.test.mjs - the examples of README.md do what it says, as they stand there.
//
// Its ```sh blocks under "The API on one page" are run in their order, as one shell session on a fresh database. A line "#> ..."
// is the output of the lines before it, where "…" stands for anything. Only the first block, which says where the chat is, is
// replaced by the address of the site under test. Blocks marked "sh flows" are for servers that let a stream flow.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { PROFILE, withSite } from './harness.mjs';

const flows = ['lighttpd', 'apache-proxy', 'nginx', 'caddy'].includes(PROFILE);
const readme = fs.readFileSync(path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..', 'README.md'), 'utf8');

function examples() {
  const page = readme.slice(readme.indexOf('## The API on one page'), readme.indexOf('## What it needs'));
  const blocks = [...page.matchAll(/^```sh( flows)?\n([\s\S]*?)^```/gm)].filter((match) => flows || !match[1]).map((match) => match[2]);
  assert.match(blocks[0], /^CHAT=http:\/\/127\.0\.0\.1:8080$/m);
  const steps = [];
  let command = '';
  let output = [];
  const end = () => {
    if (command.trim() !== '') steps.push({ command, expected: output.join('\n') });
    command = '';
    output = [];
  };
  for (const line of blocks.slice(1).join('\n').split('\n')) {
    if (line === '#>' || line.startsWith('#> ')) {
      output.push(line.slice(3));
    } else {
      if (output.length > 0) end();
      command += `${line}\n`;
    }
  }
  end();
  return steps;
}

function pattern(expected) {
  const escaped = expected.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${escaped.join('[^]*?')}$`);
}

describe(`${PROFILE}: README.md`, () => {
  it('every example of the API answers what stands under it', async () => {
    const steps = examples();
    assert.ok(steps.length >= 8, `${steps.length} examples were found`);
    await withSite({}, async (site) => {
      const env = { ...process.env, CHAT: `http://127.0.0.1:${site.port}` };
      for (const { command, expected } of steps) {
        assert.notEqual(expected, '', `no output is promised for: ${command}`);
        const run = spawnSync('sh', ['-euc', command], { env, encoding: 'utf8' });
        assert.equal(run.status, 0, `${command}\n${run.stderr}`);
        assert.match(run.stdout.trimEnd(), pattern(expected), command);
      }
    });
  });
});
