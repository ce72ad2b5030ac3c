// fresh.js - can the folder of the database be read over the web? For doctor.html, and for the first who open a new chat.
//
// Only a browser can find that out. Who can read the word in the test file tells it to the programs, which then stop.

/** way: what stands before "doctor". Returns whether it could be read, also when that can't be told to the programs. */
export async function tryData(way, address) {
  const answer = await fetch(address, { cache: 'no-store' });
  const word = /^pollchat ([\w-]{22})\s*$/.exec(answer.ok ? await answer.text() : '')?.[1];
  if (word !== undefined) {
    await fetch(`${way}doctor?exposed=${word}`, { method: 'POST' }).catch(() => {});
  }
  return word !== undefined;
}

/** A room in which nobody has said anything may be a chat that was uploaded just now. way, site: addresses. */
export async function lookOnce(way, site) {
  const answer = await fetch(`${way}doctor`);
  const { data_address: data } = answer.ok ? await answer.json() : {};
  return data ? tryData(way, new URL(data, site)) : false;
}
