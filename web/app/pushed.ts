// What a push becomes: a notification, in the language of the page. The words
// are here and not in i18n: a service worker is small and stands alone.

/** What the server says in a push (docs/push.md). */
export interface Pushed {
  conv: string;
  seq: number;
  count: number;
  name: string;
  title?: string;
  text?: string;
}

const words = {
  en: { one: 'New message', more: (n: number) => `${n} new messages` },
  ko: { one: '새 메시지', more: (n: number) => `새 메시지 ${n}개` },
};

/** Undefined: not a push of ours. */
export function readPush(text: string): Pushed | undefined {
  try {
    const p = JSON.parse(text);
    const known = typeof p.conv === 'string' && /^[0-9a-z]{13}$/.test(p.conv) && typeof p.name === 'string' && p.count > 0;
    return known ? p : undefined;
  } catch {
    return undefined;
  }
}

/** The title and the options of showNotification. One of the same conversation
 *  takes the place of the one before, and is heard again. */
export function noticeOf(p: Pushed, lang: string) {
  const say = lang === 'ko' ? words.ko : words.en;
  const many = p.count > 1 ? say.more(p.count) : '';
  return {
    title: p.title ? `${p.name} · ${p.title}` : p.name,
    options: {
      body: p.text ? [p.text, many].filter(Boolean).join('\n') : many || say.one,
      tag: p.conv,
      renotify: true,
      icon: './icon.svg',
      lang,
      data: p.conv,
    },
  };
}

/** Where a click on it leads. */
export const placeOf = (conv: string) => `#c/${conv}`;
