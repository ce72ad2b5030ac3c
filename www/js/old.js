// old.js - the entry of index.html in browsers without modules: leads to the chat without
// JavaScript. Written in the oldest JavaScript.
location.replace('plain' + location.search);
