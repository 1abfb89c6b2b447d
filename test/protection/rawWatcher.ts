import { connect, type Socket } from 'node:net';

/**
 * A watcher of a task's events over Server-Sent Events, on a socket of its own that can be left unread. It keeps the ids
 * of the events and nothing else of them.
 */
export class RawWatcher {
  /** Of the events that it has received whole, the snapshot first. */
  readonly ids: number[] = [];
  /** How often the gateway ended its stream, so that it opened another one. */
  reopened = 0;
  readonly #url: URL;
  readonly #lastWords: string;
  readonly #ended = Promise.withResolvers<void>();
  readonly #opened = Promise.withResolvers<void>();
  #socket: Socket | undefined;
  #line = '';
  #id = 0;
  #waiting: { readonly count: number; readonly resolve: () => void } | undefined;
  #isLast = false;
  #isDone = false;
  #isSilent = false;

  /**
   * @param path of the stream; the id of the last event is sent as the header `Last-Event-ID`
   * @param lastWords what stands in the last event
   */
  constructor(url: string, path: string, lastWords: string) {
    this.#url = new URL(path, url);
    this.#lastWords = lastWords;
  }

  /** Resolves with the answer's head. */
  open(): Promise<void> {
    const { hostname, port, pathname, search, host } = this.#url;
    const socket = connect(Number(port), hostname);
    this.#socket = socket;
    this.#line = '';
    this.#id = 0;
    this.#isLast = false;
    const last = this.ids.at(-1);
    const resume = last !== undefined ? `Last-Event-ID: ${last}\r\n` : '';
    socket.write(
      `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\n${resume}\r\n`,
    );
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.#read(text));
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#isDone || this.#isSilent || socket !== this.#socket) return;
      this.reopened += 1;
      void this.open();
    });
    return this.#opened.promise;
  }

  /** Resolves once the end of the task was seen. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Resolves once so many events were received. */
  received(count: number): Promise<void> {
    if (this.ids.length >= count) return Promise.resolve();
    return new Promise(resolve => {
      this.#waiting = { count, resolve };
    });
  }

  /** Stops reading and says nothing: the connection stays. */
  fallSilent(): void {
    this.#isSilent = true;
    this.#socket?.pause();
  }

  /** Reads what is there still, and comes back after the last event of it. */
  comeBack(): void {
    this.#isSilent = false;
    if (this.#socket?.destroyed) void this.open();
    else this.#socket?.resume();
  }

  close(): void {
    this.#isDone = true;
    this.#socket?.destroy();
  }

  #read(text: string): void {
    const lines = (this.#line + text).split('\n');
    this.#line = (lines.pop() ?? '').slice(0, 200_000);
    for (const line of lines) this.#readLine(line);
  }

  #readLine(line: string): void {
    if (line.startsWith('HTTP/1.1 ')) {
      if (line.includes(' 200 ')) this.#opened.resolve();
      else if (line.includes(' 204 ')) this.#end();
      else this.#opened.reject(new Error(`Answered ${line}`));
      return;
    }
    const [, id] = /^id: (\d+)$/.exec(line) ?? [];
    if (id !== undefined) this.#id = Number(id);
    if (line.includes(this.#lastWords)) this.#isLast = true;
    // An event counts with the empty line behind it, since only then all of it was received.
    if (line !== '' || this.#id === 0) return;
    this.ids.push(this.#id);
    if (this.#waiting && this.ids.length >= this.#waiting.count) this.#waiting.resolve();
    this.#id = 0;
    if (this.#isLast) this.#end();
  }

  #end(): void {
    this.close();
    this.#ended.resolve();
  }
}
