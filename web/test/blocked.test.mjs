// The page where something in between blocks the WebSocket, or streams too:
// it says so, goes on by the next way, and keeps every message.
import { after, before, test } from 'node:test';
import { gone, online, shot, shows, write } from './browser.mjs';
import { begin, done, person, start, stop } from './people.mjs';

before(start);
after(stop);

/** A proxy that lets no WebSocket open while `wall.socket`, nor a stream while
 *  `wall.stream`. */
async function walled(wall) {
  return person('ann', {
    before: async (page) => {
      await page.routeWebSocket(/\/v1\/ws/, (ws) => {
        if (wall.socket) void ws.close({ code: 1006 }).catch(() => ws.close());
        else {
          wall.open.add(ws);
          ws.connectToServer();
        }
      });
      await page.route(/\/v1\/events/, (route) =>
        wall.stream ? route.fulfill({ status: 502, contentType: 'text/html', body: '<h1>no</h1>' }) : route.continue(),
      );
    },
  });
}

const says = (page, way) => page.locator('footer.link').getByText(way).waitFor();

test('a WebSocket that is blocked: SSE; then that too: long polling; every message is kept', async () => {
  const wall = { socket: false, stream: false, open: new Set() };
  const ann = await walled(wall);
  const ben = await person('ben');
  await begin(ann, [ben.who]);
  await begin(ben, [ann.who]);
  await says(ann, 'WebSocket');
  let n = 0;
  const want = [];
  const talk = async () => {
    for (const page of [ann, ben, ann, ben]) {
      want.push(`message ${++n}`);
      await write(page, want.at(-1));
      await ben.locator('.bubble', { hasText: want.at(-1) }).waitFor();
    }
  };
  const same = async () => {
    for (const page of [ann, ben]) await shows(page, want);
  };
  await talk();
  wall.socket = true; // and what is open is cut
  for (const ws of wall.open) await ws.close();
  want.push(`message ${++n}`);
  await write(ann, want.at(-1)); // while nothing is open
  await says(ann, 'SSE');
  await ann.locator('.way', { hasText: 'SSE' }).waitFor();
  await ben.locator('.bubble', { hasText: want.at(-1) }).waitFor();
  await talk();
  await same();
  await shot(ann, 'over-sse');
  wall.stream = true;
  await ann.reload();
  await says(ann, 'long polling');
  await talk();
  await same();
  await shot(ann, 'over-long-polling');
  wall.socket = wall.stream = false;
  await online(ann); // the network has changed
  await says(ann, 'WebSocket');
  await gone(ann.locator('.way'));
  await talk();
  await same();
  await done();
});
