import { Presets, SingleBar } from 'cli-progress';

/** A progress bar where there is a terminal, lines where there is none. */
export type ProgressView = {
  readonly show: (percent: number, what: string) => void;
  readonly end: () => void;
};

export function createProgressBar(stream: NodeJS.WriteStream): ProgressView {
  if (!stream.isTTY) {
    let last = '';
    return {
      show: (percent, what) => {
        const line = `  ${String(Math.round(percent)).padStart(3)} %  ${what}`;
        if (line !== last) stream.write(`${line}\n`);
        last = line;
      },
      end: () => {},
    };
  }
  const bar = new SingleBar(
    { format: '  {bar} {percentage} %  {what}', hideCursor: true, clearOnComplete: false, stream },
    Presets.shades_classic,
  );
  bar.start(100, 0, { what: 'waiting for an executor' });
  return {
    show: (percent, what) => bar.update(Math.round(percent), { what }),
    end: () => bar.stop(),
  };
}
