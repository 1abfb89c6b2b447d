import { connect } from 'node:net';
import { within } from '@longhaul/testing';

/** What a server says on a socket until it closes it, and how long that took. */
export async function talk(
  url: string,
  send: (write: (text: string) => void) => void,
): Promise<{ readonly text: string; readonly tookMs: number }> {
  const { hostname, port } = new URL(url);
  const beganMs = performance.now();
  const socket = connect(Number(port), hostname);
  let text = '';
  const closed = new Promise<void>(resolve => {
    socket.on('data', data => {
      text += String(data);
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve());
  });
  send(words => {
    if (socket.writable) socket.write(words);
  });
  await within('the end of the connection', closed);
  return { text, tookMs: performance.now() - beganMs };
}
