// The operator's page: every process this gateway knows, now and in the last
// five minutes. It remembers nothing beyond that.
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import './style.css';
import { Chart } from './chart';
import { Cluster, type Node } from './nodes';
import { Badge, Checks, Figure, Table, Tile, Twice } from './parts';
import { clock, count, otherLang, rate, span, t } from './words';

type Say = (text: string) => void;

function Tiles({ of }: { of: Cluster }) {
  const last = (name: string) => of.series.get(name)?.at(-1);
  return (
    <dl class="tiles">
      <Tile label={t('sessions')} value={count(of.total('connections'))} />
      <Tile label={t('users')} value={count(of.online())} />
      <Tile label={t('messagesIn')} value={rate(last('in'))} />
      <Tile label={t('messagesOut')} value={rate(last('out'))} />
      <Tile label={t('ack')} value={span(last('ack99'))} />
    </dl>
  );
}

function Charts({ of }: { of: Cluster }) {
  const line = (label: string, name: string) => ({ label, points: of.series.get(name) ?? [] });
  const same = { times: of.times, now: t('now') };
  return (
    <div class="charts">
      <Chart {...same} title={t('rates')} say={count} lines={[line(t('in'), 'in'), line(t('out'), 'out')]} />
      <Chart {...same} title={t('ackChart')} say={span} lines={[line('p50', 'ack50'), line('p95', 'ack95'), line('p99', 'ack99')]} />
      <Chart
        {...same}
        title={t('sessions')}
        say={count}
        lines={of.of('gateway').map((n) => line(n.name, `sessions ${n.name}`))}
      />
      <Chart {...same} title={t('stores')} say={span} lines={[line(t('history'), 'history'), line(t('pg'), 'pg')]} />
    </div>
  );
}

function Name({ node }: { node: Node }) {
  return (
    <span class="name">
      <b>{node.name}</b> <Badge state={node.state} />
    </span>
  );
}

function Buttons({ node, say }: { node: Node; say: Say }) {
  const press = async (verb: 'drain' | 'kill') => {
    const why = await node.control(verb);
    if (why) say(t('refusedBy', { name: node.name, why }));
    else say(t(verb === 'drain' ? 'didDrain' : 'didKill', { name: node.name }));
  };
  if (node.state === 'away' || node.state === 'unknown') return null;
  return (
    <span class="buttons">
      <Twice word="drain" name={node.name} off={node.state === 'draining'} onSure={() => void press('drain')} />
      <Twice word="kill" name={node.name} onSure={() => void press('kill')} />
    </span>
  );
}

function Gateways({ of, say }: { of: Cluster; say: Say }) {
  const heads: string[] = [t('name'), t('sessions'), t('in'), t('out'), t('acks'), t('loop'), t('write'), t('query'), t('checks')];
  const cells = (n: Node) => [
    <Name node={n} />,
    count(n.value('connections')),
    <Figure>{rate(n.rate('messages_in_total'))}</Figure>,
    <Figure>{rate(n.rate('messages_out_total'))}</Figure>,
    <Figure>{[0.5, 0.95, 0.99].map((q) => span(n.quantile('ack_seconds', q))).join(' · ')}</Figure>,
    span(n.quantile('loop_lag_seconds', 0.99)),
    span(n.quantile('history_write_seconds', 0.95)),
    span(n.quantile('pg_query_seconds', 0.95)),
    <Checks checks={n.checks} />,
    ...(of.control ? [<Buttons node={n} say={say} />] : []),
  ];
  return (
    <section aria-labelledby="gateways">
      <h2 id="gateways">{t('gateways')}</h2>
      <Table heads={of.control ? [...heads, ' '] : heads} rows={of.of('gateway').map((n) => ({ key: n.name, cells: cells(n) }))} />
    </section>
  );
}

function Presence({ of }: { of: Cluster }) {
  const heads = [t('name'), t('online'), t('known'), t('partitions'), t('seenWaiting'), t('checks')];
  const values = ['online_users', 'gateways', 'owned_partitions', 'seen_waiting'];
  const nodes = of.of('presence');
  if (!nodes.length) return null;
  return (
    <section aria-labelledby="presence">
      <h2 id="presence">{t('presence')}</h2>
      <Table
        heads={heads}
        rows={nodes.map((n) => ({
          key: n.name,
          cells: [<Name node={n} />, ...values.map((v) => count(n.value(v))), <Checks checks={n.checks} />],
        }))}
      />
    </section>
  );
}

/** What all gateways say of Redis and PostgreSQL, taken together. */
function Stores({ of }: { of: Cluster }) {
  const stores = [
    {
      name: 'Redis',
      checks: ['history', 'bus'],
      facts: [
        [`${t('history')}, p95`, span(of.quantile('history_write_seconds', 0.95))],
        [t('calls'), span(of.quantile('redis_seconds', 0.95))],
        [t('losses'), count(of.total('history_losses_total') + of.total('redis_reconnects_total'))],
        [t('repairs'), count(of.total('redis_repairs_total'))],
        [t('gaps'), count(of.total('redis_gaps_total'))],
        [t('refused'), count(of.total('history_refused_total'))],
      ],
    },
    {
      name: 'PostgreSQL',
      checks: ['directory'],
      facts: [
        [`${t('pg')}, p95`, span(of.quantile('pg_query_seconds', 0.95))],
        [t('links'), count(of.total('pg_links'))],
        [t('waiting'), count(of.total('pg_waiting'))],
        [t('refused'), count(of.total('pg_refused_total'))],
        [t('timeouts'), count(of.total('pg_timeouts_total'))],
        [t('failures'), count(of.total('pg_failures_total'))],
      ],
    },
  ];
  const whole = (names: string[]) => of.nodes.every((n) => n.checks.every((c) => c.ok || !names.includes(c.name)));
  return (
    <section aria-labelledby="stores">
      <h2 id="stores">{t('storesNow')}</h2>
      <div class="stores">
        {stores.map((s) => (
          <div key={s.name} class="card">
            <h3>
              {s.name} <span class={`badge ${whole(s.checks) ? 'ready' : 'away'}`}>{t(whole(s.checks) ? 'connected' : 'brokenAt')}</span>
            </h3>
            <dl>
              {s.facts.map(([label, value]) => (
                <div key={label}>
                  <dt>{label}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
          </div>
        ))}
      </div>
    </section>
  );
}

function Errors({ of }: { of: Cluster }) {
  const lines = of.nodes.flatMap((n) => n.errors.map((e) => ({ ...e, node: n.name })));
  lines.sort((a, b) => b.ts.localeCompare(a.ts));
  return (
    <section aria-labelledby="errors">
      <h2 id="errors">{t('errors')}</h2>
      {lines.length === 0 ? (
        <p class="card none">{t('noErrors')}</p>
      ) : (
        <Table
          heads={[t('time'), t('where'), t('what')]}
          rows={lines.slice(0, 50).map((e, i) => ({
            key: `${e.ts}${e.node}${i}`,
            cells: [
              <time dateTime={e.ts}>{clock(e.ts)}</time>,
              <Figure>{`${e.node} · ${e.module}`}</Figure>,
              <span>
                <span class={`badge ${e.level}`}>{t(e.level === 'error' ? 'error' : 'warn')}</span> <b>{e.event}</b> {e.times > 1 && `×${count(e.times)} `}
                <code>{e.pairs}</code>
              </span>,
            ],
          }))}
        />
      )}
    </section>
  );
}

function Page() {
  const [, draw] = useState(0);
  const [cluster] = useState(() => new Cluster(() => draw((n) => n + 1)));
  const [said, say] = useState('');
  useEffect(() => void cluster.run(), [cluster]);
  const gateways = cluster.of('gateway');
  const ready = gateways.filter((n) => n.state === 'ready').length;
  const swap = () => {
    otherLang();
    draw((n) => n + 1);
  };
  return (
    <>
      <header>
        <h1>Moim · {t('title')}</h1>
        {gateways.length > 0 && (
          <span class={`badge ${ready === gateways.length ? 'ready' : 'unready'}`}>
            {t('readyOf', { n: String(ready), of: String(gateways.length) })}
          </span>
        )}
        <span class="space" />
        <button type="button" onClick={swap}>
          {t('language')}
        </button>
        <button type="button" onClick={otherTheme} aria-label={t('theme')}>
          ◐
        </button>
      </header>
      <main>
        <p class="said" role="status">
          {cluster.lost ? t('lost') : said}
        </p>
        <Tiles of={cluster} />
        <Charts of={cluster} />
        <Gateways of={cluster} say={say} />
        <Presence of={cluster} />
        <Stores of={cluster} />
        <Errors of={cluster} />
      </main>
    </>
  );
}

/** As the system says, until somebody says otherwise. */
function otherTheme(): void {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = dark ? 'light' : 'dark';
  localStorage.setItem('moim.theme', root.dataset.theme);
}

const theme = localStorage.getItem('moim.theme');
if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
render(<Page />, document.getElementById('ops')!);
