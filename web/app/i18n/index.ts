// The language of the page: words with {places}, plural forms, and a hook
// that draws again when the language changes.
import { useEffect, useState } from 'preact/hooks';
import { en, type Word, type Words } from './en';
import { ko } from './ko';

export type Lang = 'en' | 'ko';
const tables: Record<Lang, Words> = { en, ko };
const changed = new Set<() => void>();

function initial(): Lang {
  const kept = localStorage.getItem('moim.lang');
  if (kept === 'en' || kept === 'ko') return kept;
  return navigator.languages.some((l) => l.startsWith('ko')) ? 'ko' : 'en';
}

export let lang: Lang = initial();
document.documentElement.lang = lang;

export function setLang(next: Lang): void {
  lang = next;
  localStorage.setItem('moim.lang', next);
  document.documentElement.lang = next;
  for (const fn of changed) fn();
}

export function useLang(): Lang {
  const [, draw] = useState(0);
  useEffect(() => {
    const fn = () => draw((n) => n + 1);
    changed.add(fn);
    return () => void changed.delete(fn);
  }, []);
  return lang;
}

/** For times and numbers: the user's own kind of this language. */
export const locale = () => navigator.languages.find((l) => l.split('-')[0] === lang) ?? lang;

/** The word, its places filled: t('members', {n: 3}). */
export function t(word: Word, places: Record<string, string | number> = {}): string {
  const entry = tables[lang][word];
  let text: string;
  if (typeof entry === 'string') text = entry;
  else {
    const form = new Intl.PluralRules(lang).select(Number(places.n));
    text = (form === 'one' && entry.one) || entry.other;
  }
  return text.replace(/\{(\w+)\}/g, (_, place) => {
    const value = places[place] ?? '';
    return typeof value === 'number' ? new Intl.NumberFormat(locale()).format(value) : value;
  });
}

/** What to tell about a failure. */
export function errorText(code: string): string {
  const word = `error_${code}` as Word;
  return t(word in en ? word : 'error_internal');
}
