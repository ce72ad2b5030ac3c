// embed.js - shows the chat on a page of another site (EMBED.md). It loads nothing else until the
// visitor opens the chat; then an iframe, which the styles and scripts of that page don't reach.
(() => {
  'use strict';
  const { currentScript: own } = document;

  /** The address of the chat, or of this file; optimizers may move src to another attribute. */
  const address = (e) => e.dataset.pollchat || [...e.attributes].map(({ value }) => value).find((value) => /(^|\/)embed(\.min)?\.js([?#]|$)/.test(value)) || (e === own && (e.dataset.room || e.dataset.title) && e.src);
  const isSet = (e) => Object.keys(e.dataset).some((key) => /^(pollchat|room|title|mode|side|theme|height|accent|name|count|path)$/.test(key));

  /** script: the element with the settings; an inline chat is put after it. */
  function widget(script) {
    script.pollchat = true;
    const base = new URL('.', new URL(address(script), document.baseURI));
    const programs = new URL(script.dataset.path || '.', base); // data-path: on a host without short addresses
    const set = { room: 'lobby', title: 'Chat', mode: 'button', side: 'right', theme: 'auto', height: '480px', ...script.dataset };
    const inline = set.mode === 'inline';
    const chat = `pollchat ${base}`;
    const COUNT_MS = 60000;
    const MOST = 100;
    const listeners = {};
    let frame;
    let isOpen = false;
    let isReady = false; // the frame has the chat, and not an error page
    let name = set.name;

    const css = `
      :host{all:initial!important;display:block!important;color-scheme:light dark}
      *{box-sizing:border-box;font:600 16px/1 system-ui,sans-serif}
      button{position:fixed;z-index:2147483646;bottom:20px;${set.side}:20px;min-width:56px;height:56px;padding:0 18px;border:0;border-radius:28px;
        background:var(--a);color:var(--on);cursor:pointer;box-shadow:0 4px 16px #0005}
      button:focus-visible{outline:3px solid #f5a623;outline-offset:3px}
      b{display:inline-block;margin-inline-start:8px;padding:4px 8px;border-radius:12px;background:#fff;color:#111}
      b:empty{display:none}
      iframe{border:0;display:block;width:100%;height:100%;background:Canvas}
      div{position:fixed;z-index:2147483646;bottom:88px;${set.side}:20px;width:min(400px,calc(100vw - 40px));height:min(600px,calc(100vh - 108px));
        border-radius:12px;overflow:hidden;box-shadow:0 4px 16px #0007}
      div[hidden]{display:none}
      .in{position:static;width:100%;height:var(--h);box-shadow:none;border:1px solid #8886}
      @media(max-width:480px){div:not(.in){inset:0 0 88px;width:auto;height:auto;border-radius:0}}`;

    const tell = (event, detail) => (listeners[event] || []).forEach((f) => f(detail));
    const store = (value, key = chat + set.room) => {
      try {
        if (value !== undefined) localStorage.setItem(key, JSON.stringify(value));
        return JSON.parse(localStorage.getItem(key));
      } catch {
        return value || null; // storage is forbidden: counting begins now
      }
    };

    // ---- the elements on the page ----

    const host = document.createElement('div');
    const root = host.attachShadow({ mode: 'open' });
    const button = document.createElement('button');
    const count = document.createElement('b');
    const panel = document.createElement('div');

    function look() {
      const page = getComputedStyle(host.parentNode || document.documentElement);
      const accent = set.accent || page.getPropertyValue('--pollchat-accent').trim();
      return CSS.supports('color', accent) ? accent : '';
    }

    /* * Black or white letters, whichever are easier to read on the colour. preferences.js does
     * the same. */
    function letters() {
      const [r, g, b] = getComputedStyle(button).backgroundColor.match(/\d+/g).map(Number);
      return r * 0.3 + g * 0.59 + b * 0.11 > 140 ? '#000' : '#fff';
    }

    function build() {
      const sheet = new CSSStyleSheet(); // the policy of the page may forbid a <style>
      sheet.replaceSync(css);
      root.adoptedStyleSheets = [sheet];
      host.style.setProperty('all', 'initial', 'important'); // stronger than any stylesheet of the page
      host.style.setProperty('display', 'block', 'important');
      host.style.setProperty('--a', look() || '#0b5c6b');
      host.style.setProperty('--h', set.height);
      panel.hidden = !inline;
      if (inline) {
        panel.className = 'in';
        root.append(panel);
        script.after(host);
        return;
      }
      button.type = 'button';
      button.setAttribute('aria-expanded', 'false');
      button.append(set.title, count);
      button.onclick = () => (isOpen ? close() : open());
      root.append(panel, button);
      document.body.append(host);
      host.style.setProperty('--on', letters());
    }

    function load() {
      if (frame) return;
      frame = document.createElement('iframe');
      frame.title = set.title;
      frame.loading = inline ? 'lazy' : 'eager';
      frame.src = new URL(`embed?${new URLSearchParams({ room: set.room, title: set.title })}`, programs).href;
      panel.append(frame);
    }

    const say = (what) => isReady && frame.contentWindow.postMessage({ pollchat: 1, ...what }, base.origin);

    function open() {
      if (isOpen || inline) return;
      load();
      isOpen = true;
      panel.hidden = false;
      button.setAttribute('aria-expanded', 'true');
      say({ type: 'open' });
      frame.focus();
      tell('open');
    }

    function close() {
      if (!isOpen) return;
      isOpen = false;
      panel.hidden = true;
      button.setAttribute('aria-expanded', 'false');
      button.focus();
      say({ type: 'close' });
      tell('close');
    }

    /* * What this page's site says of its visitor, for the frame (token.js). */
    async function token() {
      const answer = await fetch(set.tokenUrl, { mode: 'same-origin', cache: 'no-store' });
      return { status: answer.status, text: await answer.text(), date: answer.headers.get('Date') };
    }

    function showUnread(n) {
      api.unread = n;
      count.textContent = n >= MOST ? `${MOST}+` : n || '';
      button.setAttribute('aria-label', n ? `${set.title}, ${count.textContent}` : set.title);
      tell('unread', n);
    }

    addEventListener('message', ({ source, origin, data }) => {
      if (!frame || source !== frame.contentWindow || origin !== base.origin || !data || data.pollchat !== 1) return;
      if (data.type === 'ready') {
        isReady = true;
        say({ type: 'hello', accent: look(), theme: set.theme, name, open: isOpen || inline, tokenUrl: set.tokenUrl, key: store(undefined, chat) });
      }
      if (data.type === 'close') close();
      if (data.type === 'token') token().catch(() => {}).then((answer) => say({ ...data, ...answer }));
      if (data.type === 'message') tell('message', data.message);
      if (data.type === 'unread') showUnread(data.count);
      if (data.type === 'key') store(data.key, chat); // where the browser lets the frame keep nothing
      if (data.type === 'seen') store({ epoch: data.epoch, seq: data.seq });
    });

    // ---- the number of new messages, until there is a frame that counts them ----

    async function ask() {
      if (frame || document.hidden) return;
      const seen = store();
      const query = seen ? { since: seen.seq, epoch: seen.epoch, limit: MOST, room: set.room } : { last: 1, room: set.room };
      const answer = await fetch(new URL(`poll?${new URLSearchParams(query)}`, programs), { credentials: 'omit' });
      const page = await answer.json();
      if (frame) return;
      if (answer.status === 409) store(null); // another database: counting begins anew
      else if (answer.ok && seen) showUnread(page.messages.length);
      else if (answer.ok) store({ epoch: page.epoch, seq: page.head });
    }

    function watch() {
      ask().catch(() => {}); // the number stays as it is
      setTimeout(watch, COUNT_MS * (1 + Math.random() / 4));
    }

    const api = {
      open,
      close,
      unread: 0,
      on: (event, f) => (listeners[event] ??= []).push(f),
      setName(chosen) {
        name = chosen;
        say({ type: 'name', name });
      },
      renew: () => say({ type: 'renew' }),
    };
    (window.pollchat ??= Object.assign(api, { all: [] })).all.push(api);

    function start() {
      build();
      if (inline) load();
      else if (set.count !== 'off') setTimeout(watch, 3000);
    }
    if (document.body || inline) start();
    else document.addEventListener('DOMContentLoaded', start);
  }

  /* * Finds the elements that ask for a chat. This code may run as a script, in a bundle or as a
   * module. */
  function find() {
    const all = [...document.querySelectorAll('[data-pollchat],script')].filter((e) => !e.pollchat && e.type !== 'text/plain' && address(e));
    const set = all.filter(isSet);
    const one = all.includes(own) ? [own] : all.slice(0, 1); // other sites have files of this name too
    (set[0] ? set : one).forEach(widget);
    if (!window.pollchat) console.warn('pollchat: no element has data-pollchat="address of the chat"');
  }

  if (document.readyState !== 'loading' || (own && address(own) && isSet(own))) find();
  else document.addEventListener('DOMContentLoaded', find);
})();
