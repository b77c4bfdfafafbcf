// A new conversation: pick people; one makes a conversation of two, several
// or a title make a group.
import { useState } from 'preact/hooks';
import { Avatar } from './avatar';
import { Dialog } from './dialog';
import { useTry } from './friends';
import { useClientEvents } from './hooks';
import { Cross } from './icons';
import { t } from './i18n';
import { nameOf } from './names';
import { JoinField } from './join';
import { PersonField } from './personfield';

export function NewChat(props: { onClose: () => void; onConv: (conv: string) => void }) {
  const client = useClientEvents(['people']);
  const [picked, setPicked] = useState<string[]>([]);
  const [title, setTitle] = useState('');
  const [error, busy, attempt] = useTry();
  const group = picked.length > 1 || title.trim() !== '';
  const friends = client.people.friends.filter((f) => f.state === 'friend' && !picked.includes(f.user));

  const pick = (user: string) => {
    setPicked((now) => (user === client.me || now.includes(user) ? now : [...now, user]));
  };
  const make = () =>
    attempt(async () => {
      const conv = await (group ? client.createGroup(title.trim(), picked) : client.openDirect(picked[0]!));
      props.onConv(conv);
    });

  return (
    <Dialog title={t('newChat')} onClose={props.onClose}>
      {picked.length > 0 && (
        <ul class="chips" aria-label={t('people')}>
          {picked.map((user) => (
            <li key={user}>
              {nameOf(client, user)}
              <button
                type="button"
                aria-label={`${t('discard')}: ${nameOf(client, user)}`}
                onClick={() => setPicked(picked.filter((u) => u !== user))}
              >
                <Cross />
              </button>
            </li>
          ))}
        </ul>
      )}
      <PersonField
        label={t('addPerson')}
        button={t('add')}
        kind="quiet"
        busy={busy}
        without={picked}
        onPick={(user) => attempt(async () => pick((await user()).user))}
      />
      {friends.length > 0 && (
        <ul class="picks" aria-label={t('friends')}>
          {friends.map((f) => (
            <li key={f.user}>
              <button type="button" onClick={() => pick(f.user)}>
                <Avatar id={f.user} name={f.name} user={f.user} small />
                {f.name}
              </button>
            </li>
          ))}
        </ul>
      )}
      <label>
        {t('groupTitle')}
        <input value={title} maxLength={42} onInput={(e) => setTitle(e.currentTarget.value)} />
      </label>
      <p class="hint">{picked.length > 1 && !title.trim() ? t('needTitle') : t('groupTitleHint')}</p>
      {error && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
      <button
        type="button"
        class="primary"
        disabled={busy || (group ? !title.trim() : picked.length === 0)}
        onClick={make}
      >
        {t(group ? 'startGroup' : 'startChat')}
      </button>
      <JoinField onConv={props.onConv} />
    </Dialog>
  );
}
