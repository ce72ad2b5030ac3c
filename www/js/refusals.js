// refusals.js - why the chat refused something, in the visitor's language. Pure.

import { clock, dayKey } from './time.js';

/** A time as people say it: the hour, and the day too unless it is today. */
export function whenOf(time, language, now) {
  const hour = clock(time, language.locale);
  const day = new Intl.DateTimeFormat(language.locale, { day: 'numeric', month: 'long' }).format(new Date(time));
  return dayKey(time) === dayKey(now) ? hour : `${day}, ${hour}`;
}

const isTime = (until) => !Number.isNaN(Date.parse(until));

/** Why only moderators may write in a room. */
function closedWords(kind, end, language) {
  if (end !== '') {
    return language.say('closedUntil', { end });
  }
  return kind === 'locked' ? language.say('lockedRoom') : kind === 'read-only' ? language.say('readOnlyRoom') : language.say('closedRoom');
}

/**
 * given: { slug, detail, until, reason, name }; kind: of the room; isOutside: the visitor may
 * not read it. now: milliseconds of the time of day. For other problems it is the chat's own
 * sentence.
 */
export function wordsOf({ slug, detail, until, name = '', reason = '' }, { language, now, kind, isOutside }) {
  const end = isTime(until) ? whenOf(until, language, now) : '';
  const because = reason === '' ? '' : ` ${language.say('reasonIs', { reason })}`;
  switch (slug) {
    case 'banned':
      return (end === '' ? language.say('banned') : language.say('bannedUntil', { end })) + because;
    case 'muted':
      return (end === '' ? language.say('muted') : language.say('mutedUntil', { end })) + because;
    case 'room-closed':
      return closedWords(kind, end, language);
    case 'sign-in-needed':
      return isOutside && kind === 'members' ? language.say('membersRoom') : language.say('signIn');
    case 'bad-token':
      return language.say('badToken');
    case 'not-allowed':
      return isOutside && kind === 'members' ? language.say('membersRoom') : language.say('notAllowed');
    case 'words':
      return language.say('badWords');
    case 'too-late':
      return language.say('tooLate');
    case 'name-taken':
      return language.say('nameTaken', { name });
    case 'name-alike':
      return language.say('nameAlike', { name });
    default:
      return detail;
  }
}

/** The same for a Failure. */
export const wordsOfFailure = ({ slug, message, more = {} }, context, name) => wordsOf({ slug, detail: message, until: more.until, reason: more.reason, name }, context);
