// English and Korean, and how numbers are written in them.
export type Lang = 'en' | 'ko';

const en = {
  title: 'Operators',
  ready: 'ready',
  draining: 'draining',
  unready: 'not ready',
  away: 'away',
  unknown: 'asking…',
  readyOf: '{n} of {of} ready',
  lost: 'The gateway that serves this page does not answer; trying again.',
  sessions: 'Sessions',
  users: 'Users online',
  messagesIn: 'Messages in',
  messagesOut: 'Messages out',
  perSecond: '{n}/s',
  ack: 'Send to ack, p99',
  ackChart: 'Send to ack',
  rates: 'Messages a second',
  stores: 'Stores, p95',
  storesNow: 'Stores',
  history: 'history write',
  pg: 'PostgreSQL query',
  in: 'In',
  out: 'Out',
  gateways: 'Gateways',
  presence: 'Presence',
  name: 'Name',
  acks: 'Ack p50 · p95 · p99',
  loop: 'Loop p99',
  write: 'History p95',
  query: 'PostgreSQL p95',
  checks: 'Checks',
  online: 'Online',
  known: 'Gateways known',
  partitions: 'Partitions',
  seenWaiting: 'Last-seen waiting',
  connected: 'connected',
  brokenAt: 'not everywhere connected',
  calls: 'any call, p95',
  losses: 'connections lost',
  repairs: 'repairs',
  gaps: 'gaps',
  refused: 'refused',
  links: 'connections',
  waiting: 'waiting',
  timeouts: 'timeouts',
  failures: 'failures',
  errors: 'Last errors and warnings',
  noErrors: 'None since the processes began.',
  time: 'Time',
  where: 'Where',
  what: 'What',
  error: 'error',
  warn: 'warn',
  drain: 'Drain',
  kill: 'Kill',
  sure: 'Sure?',
  didDrain: '{name} drains: its sessions go elsewhere.',
  didKill: '{name} was killed.',
  refusedBy: '{name} refused: {why}',
  language: '한국어',
  theme: 'Light or dark',
  now: 'now',
};

export type Word = keyof typeof en;

const ko: Record<Word, string> = {
  title: '운영',
  ready: '정상',
  draining: '비우는 중',
  unready: '준비 안 됨',
  away: '응답 없음',
  unknown: '확인 중…',
  readyOf: '{n}/{of} 정상',
  lost: '이 페이지를 보내는 게이트웨이가 응답하지 않습니다. 다시 시도합니다.',
  sessions: '세션',
  users: '접속한 사용자',
  messagesIn: '받은 메시지',
  messagesOut: '보낸 메시지',
  perSecond: '초당 {n}',
  ack: '전송에서 확인까지, p99',
  ackChart: '전송에서 확인까지',
  rates: '초당 메시지',
  stores: '저장소, p95',
  storesNow: '저장소',
  history: '기록 쓰기',
  pg: 'PostgreSQL 질의',
  in: '받음',
  out: '보냄',
  gateways: '게이트웨이',
  presence: '접속 상태 서비스',
  name: '이름',
  acks: '확인 p50 · p95 · p99',
  loop: '루프 p99',
  write: '기록 p95',
  query: 'PostgreSQL p95',
  checks: '점검',
  online: '접속',
  known: '아는 게이트웨이',
  partitions: '파티션',
  seenWaiting: '대기 중인 마지막 접속',
  connected: '연결됨',
  brokenAt: '일부 연결 안 됨',
  calls: '모든 호출, p95',
  losses: '끊긴 연결',
  repairs: '복구',
  gaps: '누락',
  refused: '거절',
  links: '연결',
  waiting: '대기',
  timeouts: '시간 초과',
  failures: '실패',
  errors: '최근 오류와 경고',
  noErrors: '시작한 뒤로 없습니다.',
  time: '시각',
  where: '위치',
  what: '내용',
  error: '오류',
  warn: '경고',
  drain: '비우기',
  kill: '강제 종료',
  sure: '정말요?',
  didDrain: '{name}을(를) 비웁니다. 세션은 다른 곳으로 갑니다.',
  didKill: '{name}을(를) 강제 종료했습니다.',
  refusedBy: '{name}이(가) 거절했습니다: {why}',
  language: 'English',
  theme: '밝게 또는 어둡게',
  now: '지금',
};

const tables = { en, ko };

function initial(): Lang {
  const kept = localStorage.getItem('moim.lang');
  if (kept === 'en' || kept === 'ko') return kept;
  return navigator.languages.some((l) => l.startsWith('ko')) ? 'ko' : 'en';
}

let lang = initial();
document.documentElement.lang = lang;

export function otherLang(): void {
  lang = lang === 'en' ? 'ko' : 'en';
  localStorage.setItem('moim.lang', lang);
  document.documentElement.lang = lang;
}

export function t(word: Word, places: Record<string, string> = {}): string {
  return tables[lang][word].replace(/\{(\w+)\}/g, (_, place: string) => places[place] ?? '');
}

export function count(n: number | undefined): string {
  if (n === undefined) return '–';
  return new Intl.NumberFormat(lang, { maximumFractionDigits: n < 10 && n % 1 ? 1 : 0 }).format(n);
}

/** Seconds as somebody would say them: 0.4 ms, 12 ms, 1.5 s. */
export function span(s: number | undefined): string {
  if (s === undefined) return '–';
  if (s === Infinity) return '> 10 s';
  return s < 1 ? `${count(s * 1000)} ms` : `${count(s)} s`;
}

/** What happens in a second. */
export function rate(n: number | undefined): string {
  return n === undefined ? '–' : t('perSecond', { n: count(n) });
}

export function clock(ts: string): string {
  return new Intl.DateTimeFormat(lang, { timeStyle: 'medium', hour12: false }).format(new Date(ts));
}
