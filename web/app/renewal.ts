// When a login's token is to be exchanged for another one.
const DAY_MS = 86_400_000;

export interface Lifetime {
  /** When the token was got, and until when it is good. Older pages did not keep that. */
  since?: number;
  expires?: number;
}

/** A quarter of the token's time is over, or a day. */
export const isDue = ({ since, expires }: Lifetime, now: number): boolean =>
  !(since && expires && now < since + Math.min(DAY_MS, (expires - since) / 4));
