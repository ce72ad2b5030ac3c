import assert from 'node:assert/strict';
import test from 'node:test';
import { clock, dayKey, dayLabel, exact, hoursHere, isValid } from '../../www/js/time.js';

const NOW = Date.parse('2025-11-25T10:00:00Z');
const label = (time, zone = 'UTC') => dayLabel(time, NOW, 'en-GB', zone);

test('days are those of the time zone', () => {
  assert.equal(dayKey('2025-11-25T23:30:00.000Z', 'UTC'), '2025-11-25');
  assert.equal(dayKey('2025-11-25T23:30:00.000Z', 'Europe/Berlin'), '2025-11-26');
  assert.equal(dayKey('2025-11-25T01:00:00.000Z', 'America/New_York'), '2025-11-24');
});

test('days have labels: today, yesterday, the date', () => {
  assert.equal(label('2025-11-25T00:00:00Z'), 'Today');
  assert.equal(label('2025-11-24T23:59:59Z'), 'Yesterday');
  assert.equal(label('2025-11-24T23:59:59Z', 'Europe/Berlin'), 'Today');
  assert.match(label('2025-11-20T10:00:00Z'), /^Thursday,? 20 November$/);
  assert.match(label('2024-11-20T10:00:00Z'), /^Wednesday,? 20 November 2024$/);
  assert.match(label('2025-11-26T10:00:00Z'), /^Wednesday,? 26 November$/);
});

test('yesterday is right across a change of clocks', () => {
  const now = Date.parse('2025-10-26T23:30:00+01:00'); // a day of 25 hours in Berlin
  assert.equal(dayLabel('2025-10-25T00:10:00+02:00', now, 'en-GB', 'Europe/Berlin'), 'Yesterday');
});

test('the time of day, and the exact time', () => {
  assert.equal(clock('2025-11-25T14:05:09.123Z', 'en-GB', 'UTC'), '14:05');
  assert.equal(clock('2025-11-25T14:05:09.123Z', 'en-GB', 'Asia/Kolkata'), '19:35');
  assert.match(exact('2025-11-25T14:05:09.123Z', 'en-GB', 'UTC'), /25 November 2025.*14:05:09/);
});

test('a text that is no time is recognised', () => {
  assert.deepEqual(['2025-11-25T14:05:09.123Z', '', 'soon'].map(isValid), [true, false, false]);
});

test('opening hours are those of this device, unless they say how far from UTC they are', () => {
  assert.equal(hoursHere('mon-fri 08:00-18:00', 60), 'mon-fri 08:00-18:00 +60');
  assert.equal(hoursHere(' 08:00-18:00 ', -300), '08:00-18:00 -300');
  assert.equal(hoursHere('08:00-18:00', 0), '08:00-18:00 +0');
  assert.equal(hoursHere('08:00-18:00 -300', 60), '08:00-18:00 -300');
  assert.equal(hoursHere('  ', 60), '');
});
