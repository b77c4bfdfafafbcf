// The page: a login, or the shell with its client.
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import './styles/base.css';
import './styles/forms.css';
import './styles/layout.css';
import './styles/chat.css';
import './styles/message.css';
import type { Client } from '../sdk/index';
import { ClientContext } from './hooks';
import { useLang } from './i18n';
import { Login } from './login';
import { leavePush } from './push';
import { forget, keep, kept, open, store } from './session';
import { Shell } from './shell';
import { applyTheme } from './theme';

function Page() {
  useLang();
  const [client, setClient] = useState<Client | undefined>(() => {
    const session = kept();
    return session && open(session);
  });
  const [why, setWhy] = useState<string>();
  useEffect(
    () =>
      client?.on('status', (s) => {
        // The login is over, not what was written: the outbox stays.
        if (s.state === 'ended' && s.code === 'unauthorized') {
          void leavePush(client);
          forget();
          client.stop();
          setWhy('unauthorized');
          setClient(undefined);
        }
      }),
    [client],
  );
  if (!client) {
    return (
      <Login
        why={why}
        onAccount={(account) => {
          setWhy(undefined);
          setClient(open(keep(account)));
        }}
      />
    );
  }
  const logout = () => {
    void leavePush(client); // says so before the connection ends
    forget();
    client.stop();
    void store.clear(client.me);
    location.hash = '';
    setClient(undefined);
  };
  return (
    <ClientContext.Provider value={client}>
      <Shell onLogout={logout} />
    </ClientContext.Provider>
  );
}

applyTheme();
render(<Page />, document.getElementById('app')!);
