// old.js - for browsers that know no modules: they get the chat without JavaScript. Written for the oldest of them.
location.replace('plain' + location.search);
