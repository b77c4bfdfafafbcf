// What was typed and not sent stays, in each conversation, across a reload.
const key = (conv: string) => `moim.draft.${conv}`;

export function draftOf(conv: string): string {
  return localStorage.getItem(key(conv)) ?? '';
}

export function keepDraft(conv: string, text: string): void {
  if (text) localStorage.setItem(key(conv), text);
  else localStorage.removeItem(key(conv));
}
