import { connect, type Socket } from 'node:net';

/** When it tries again where it could not connect. */
const unreachableMs = 200;

/**
 * A watcher of a task's events over Server-Sent Events, on a socket of its own that can be left unread. It keeps the ids
 * of the events and nothing else of them.
 */
export class RawWatcher {
  /** Of the events that it has received whole, the snapshot first. */
  readonly ids: number[] = [];
  /** How often the gateway ended its stream, so that it opened another one. */
  reopened = 0;
  /** How often the gateway refused it a stream for now, as one that is overloaded does. */
  refused = 0;
  readonly #url: URL;
  readonly #lastWords: string;
  readonly #ended = Promise.withResolvers<void>();
  readonly #opened = Promise.withResolvers<void>();
  #socket: Socket | undefined;
  #line = '';
  #id = 0;
  #waiting: { readonly id: number; readonly resolve: () => void } | undefined;
  /** Of the connection: whether its stream began, and when to come back where it was refused. */
  #isStreaming = false;
  #comesBackAfterMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;
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

  /** Resolves with the head of the first stream. Where that is refused for now, it tries again when it is told to. */
  open(): Promise<void> {
    const { hostname, port, pathname, search, host } = this.#url;
    const socket = connect(Number(port), hostname);
    this.#socket = socket;
    this.#line = '';
    this.#id = 0;
    this.#isLast = false;
    this.#isStreaming = false;
    this.#comesBackAfterMs = undefined;
    const resume = this.#lastId > 0 ? `Last-Event-ID: ${this.#lastId}\r\n` : '';
    socket.write(
      `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\n${resume}\r\n`,
    );
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.#read(text));
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#isDone || this.#isSilent || socket !== this.#socket) return;
      if (this.#isStreaming) {
        this.#isStreaming = false;
        this.reopened += 1;
        void this.open();
      } else {
        this.#timer = setTimeout(() => void this.open(), this.#comesBackAfterMs ?? unreachableMs);
      }
    });
    return this.#opened.promise;
  }

  /** Resolves once the end of the task was seen. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** The stream that is open now; the next one has another number. `undefined`: none is open. */
  get stream(): number | undefined {
    return this.#isStreaming ? this.reopened : undefined;
  }

  /** Resolves once the event with this id was received, or one behind it. */
  reached(id: number): Promise<void> {
    if (this.#lastId >= id) return Promise.resolve();
    return new Promise(resolve => {
      this.#waiting = { id, resolve };
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
    clearTimeout(this.#timer);
    this.#socket?.destroy();
  }

  get #lastId(): number {
    return this.ids.at(-1) ?? 0;
  }

  #read(text: string): void {
    const lines = (this.#line + text).split('\n');
    this.#line = (lines.pop() ?? '').slice(0, 200_000);
    for (const line of lines) this.#readLine(line);
  }

  #readLine(line: string): void {
    if (line.startsWith('HTTP/1.1 ')) {
      if (line.includes(' 200 ')) {
        this.#isStreaming = true;
        this.#opened.resolve();
      } else if (line.includes(' 204 ')) this.#end();
      else if (!line.includes(' 503 ')) this.#opened.reject(new Error(`Answered ${line}`));
      return;
    }
    const [, seconds] = /^retry-after: (\d+)/i.exec(line) ?? [];
    if (seconds !== undefined) {
      this.refused += 1;
      this.#comesBackAfterMs = 1_000 * Number(seconds);
      this.#socket?.destroy();
      return;
    }
    const [, id] = /^id: (\d+)$/.exec(line) ?? [];
    if (id !== undefined) this.#id = Number(id);
    if (line.includes(this.#lastWords)) this.#isLast = true;
    // An event counts with the empty line behind it, since only then all of it was received.
    if (line !== '' || this.#id === 0) return;
    this.ids.push(this.#id);
    if (this.#waiting && this.#id >= this.#waiting.id) this.#waiting.resolve();
    this.#id = 0;
    if (this.#isLast) this.#end();
  }

  #end(): void {
    this.close();
    this.#ended.resolve();
  }
}
