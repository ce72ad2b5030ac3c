// readme.test.mjs - the examples of README.md and www/API.md do what they say.
//
// The ```sh blocks of a document are run in their order, as one shell session on a new database. A
// line "#> ..." is the output of the lines before it; "…" in it stands for any text. The chat's
// address is replaced by that of the tested site. Blocks marked "sh flows" are for servers that
// pass on streams.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { describe, it } from 'node:test';

import { PROFILE, streamsFlow, withSite } from './harness.mjs';

const ADDRESS = 'http://127.0.0.1:8080';

/** The commands of a document, each with the output that is written below it ('' for none). */
function examples(paper) {
  const text = fs.readFileSync(new URL(`../../${paper}`, import.meta.url), 'utf8');
  const blocks = [...text.matchAll(/^```sh( flows)?\n([\s\S]*?)^```/gm)]
    .filter((match) => streamsFlow || !match[1])
    .map((match) => match[2]);
  const steps = [];
  let command = '';
  let output = [];
  const end = () => {
    if (command.trim() !== '') steps.push({ command, expected: output.join('\n') });
    command = '';
    output = [];
  };
  for (const line of blocks.join('\n').split('\n')) {
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

describe(`${PROFILE}: examples`, () => {
  for (const [paper, atLeast] of [['README.md', 2], ['www/API.md', 8]]) {
    it(`each example of ${paper} prints what is written below it`, async () => {
      const steps = examples(paper);
      assert.ok(steps.length >= atLeast, `${steps.length} examples were found`);
      assert.ok(steps[0].command.includes(ADDRESS), `the first example names the chat as ${ADDRESS}`);
      await withSite({}, async (site) => {
        const here = `http://127.0.0.1:${site.port}`;
        const env = { ...process.env, CHAT: here };
        for (const { command, expected } of steps) {
          assert.notEqual(expected, '', `no output is given for: ${command}`);
          const run = spawnSync('sh', ['-euc', command.replaceAll(ADDRESS, here)], { env, encoding: 'utf8' });
          assert.equal(run.status, 0, `${command}\n${run.stderr}`);
          assert.match(run.stdout.trimEnd(), pattern(expected), command);
        }
      });
    });
  }
});
