// Moim's SDK: everything an application imports.
export { Client } from './client';
export { MoimError } from './errors';
export { login, signup, type Account } from './accounts';
export { BrowserStore } from './store';
export type * from './types';
