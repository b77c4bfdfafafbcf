// The frame: the list on one side, the conversation on the other; on a phone
// one at a time.
import { useEffect, useRef, useState } from 'preact/hooks';
import { Banner } from './banner';
import { Chat } from './chat';
import { useClient, useConv, useHere } from './hooks';
import { Logo } from './icons';
import { t } from './i18n';
import { Join, codeOf } from './join';
import { NewChat } from './newchat';
import { useNotices } from './notify';
import { usePush } from './push';
import { Settings } from './settings';
import { Sidebar } from './sidebar';

/** The page's address may be an invite; it is one only once. */
function useInvite() {
  const [code, setCode] = useState<string>();
  useEffect(() => {
    const look = () => {
      if (!location.hash.startsWith('#join/')) return;
      setCode(codeOf(location.hash));
      history.replaceState(null, '', location.pathname);
    };
    look();
    window.addEventListener('hashchange', look);
    return () => window.removeEventListener('hashchange', look);
  }, []);
  return [code, setCode] as const;
}

export function Shell({ onLogout }: { onLogout: () => void }) {
  const client = useClient();
  const [conv, setConv] = useConv();
  const [dialog, setDialog] = useState<'new' | 'settings'>();
  const [invite, setInvite] = useInvite();
  const filter = useRef<HTMLInputElement>(null);
  useNotices(conv, setConv);
  usePush(conv);
  useHere();
  useEffect(() => {
    const key = (e: KeyboardEvent) => {
      if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === 'k') {
        e.preventDefault();
        filter.current?.focus();
        filter.current?.select();
      }
    };
    window.addEventListener('keydown', key);
    return () => window.removeEventListener('keydown', key);
  }, []);
  const close = () => setDialog(undefined);
  return (
    <div class={`shell ${conv ? 'inside' : ''}`}>
      <Sidebar
        conv={conv}
        onConv={setConv}
        filter={filter}
        onNew={() => setDialog('new')}
        onSettings={() => setDialog('settings')}
      />
      <main class="stage">
        <Banner />
        {conv ? (
          <Chat key={conv} conv={conv} onBack={() => setConv(undefined)} />
        ) : (
          <div class="nothing">
            <Logo />
            <p>{t('pickChat')}</p>
          </div>
        )}
      </main>
      {dialog === 'new' && (
        <NewChat
          onClose={close}
          onConv={(made) => {
            close();
            setConv(made);
          }}
        />
      )}
      {invite && (
        <Join
          code={invite}
          onClose={() => setInvite(undefined)}
          onConv={(joined) => {
            setInvite(undefined);
            setConv(joined);
          }}
        />
      )}
      {dialog === 'settings' && (
        <Settings onClose={close} name={client.people.names.get(client.me) ?? ''} onLogout={onLogout} />
      )}
    </div>
  );
}
