/** How many of a server's last lines are kept for error messages; a chatty server must not fill memory. */
const keptLines = 200;

/** The last lines that a server wrote. */
export class LogRing {
  readonly #lines: string[] = [];

  add(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > keptLines) this.#lines.shift();
  }

  /** The last `count` lines, oldest first, indented for an error message. */
  tail(count: number): string {
    const lines = this.#lines.slice(-count);
    return lines.length === 0 ? '  (it wrote nothing)' : lines.map(line => `  ${line}`).join('\n');
  }
}
