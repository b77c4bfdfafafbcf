// The operator's page alone: what it reads out of /metrics.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { source } from './source.mjs';

const { parse, since, sum, quantile } = await source('ops/prom.ts');

const TEXT = `# HELP moim_build_info The program.
# TYPE moim_build_info gauge
moim_build_info{version="0.1.0"} 1
# TYPE moim_gateway_connections gauge
moim_gateway_connections 7
# TYPE moim_gateway_ack_seconds histogram
moim_gateway_ack_seconds_bucket{le="0.001"} 50
moim_gateway_ack_seconds_bucket{le="0.01"} 90
moim_gateway_ack_seconds_bucket{le="+Inf"} 100
moim_gateway_ack_seconds_sum 1.5
moim_gateway_ack_seconds_count 100
moim_gateway_pg_query_seconds_bucket{stmt="a",le="0.001"} 1
moim_gateway_pg_query_seconds_bucket{stmt="a",le="+Inf"} 2
moim_gateway_pg_query_seconds_bucket{stmt="b",le="0.001"} 10
moim_gateway_pg_query_seconds_bucket{stmt="b",le="+Inf"} 20
`;

test('values, histograms, and series taken together', () => {
  const { values, histograms } = parse(TEXT);
  assert.equal(values.get('connections'), 7);
  assert.equal(values.get('ack_seconds_count'), 100);
  assert.equal(values.has('moim_build_info'), false);
  assert.deepEqual(histograms.get('ack_seconds'), { bounds: [0.001, 0.01, Infinity], counts: [50, 90, 100] });
  assert.deepEqual(histograms.get('pg_query_seconds'), { bounds: [0.001, Infinity], counts: [11, 22] });
  assert.deepEqual(parse('').histograms.size, 0);
  assert.deepEqual(parse('<html>\nnot metrics at all {}\n').values.size, 0);
});

test('percentiles lie within their bucket', () => {
  const h = { bounds: [0.001, 0.01, Infinity], counts: [50, 90, 100] };
  const near = (got, want) => assert.ok(Math.abs(got - want) < 1e-9, `${got}, not ${want}`);
  near(quantile(h, 0.25), 0.0005);
  near(quantile(h, 0.5), 0.001);
  near(quantile(h, 0.7), 0.0055);
  near(quantile(h, 0.9), 0.01);
  assert.equal(quantile(h, 0.99), Infinity);
  assert.equal(quantile({ bounds: [1, Infinity], counts: [0, 0] }, 0.5), undefined);
  assert.equal(quantile(undefined, 0.5), undefined);
  near(quantile({ bounds: [1, 2, Infinity], counts: [0, 4, 4] }, 0.5), 1.5);
});

test('what was between two scrapes, and of several processes', () => {
  const then = { bounds: [1, Infinity], counts: [5, 10] };
  const now = { bounds: [1, Infinity], counts: [6, 14] };
  assert.deepEqual(since(then, now).counts, [1, 4]);
  assert.deepEqual(since(undefined, now).counts, [6, 14]);
  assert.deepEqual(sum([then, now]).counts, [11, 24]);
  assert.equal(sum([]), undefined);
});
