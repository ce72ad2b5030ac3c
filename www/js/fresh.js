// fresh.js - whether the folder of the database can be read over the web. For doctor.html, and for
// the first visitors of a new chat.
//
// Only a browser can find that out: it tries to read the test file in that folder. If it can, it
// sends the word in the file to the programs, which then stop.

/**
 * way: the beginning of the programs' addresses. Returns whether the file could be read, even if
 * the programs can't be told.
 */
export async function tryData(way, address) {
  const answer = await fetch(address, { cache: 'no-store' });
  const word = /^pollchat ([\w-]{22})\s*$/.exec(answer.ok ? await answer.text() : '')?.[1];
  if (word !== undefined) {
    await fetch(`${way}doctor?exposed=${word}`, { method: 'POST' }).catch(() => {});
  }
  return word !== undefined;
}

/**
 * The same without an address of the file: the programs name it. way: as above; site: the address
 * of the chat.
 */
export async function lookOnce(way, site) {
  const answer = await fetch(`${way}doctor`);
  const { data_address: data } = answer.ok ? await answer.json() : {};
  return data ? tryData(way, new URL(data, site)) : false;
}
