import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useEffect, useMemo, useRef, useState } from 'react';

/** One line of a chart. `tone` is the name of a colour of the design. */
export type Line = {
  readonly name: string;
  readonly tone: string;
  /** A number at each time; `null` where there is none. */
  readonly values: readonly (number | null)[];
  readonly fill?: boolean;
  readonly dashed?: boolean;
};

const heightPx = 168;

/** Lines over time. Their last values are repeated in words below, for readers who do not see the lines. */
export default function Chart({
  times,
  lines,
  format,
  formatAxis = format,
}: {
  /** Seconds since the epoch. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly format: (value: number) => string;
  /** Of the axis, where there is less room. */
  readonly formatAxis?: (value: number) => string;
}) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const theme = useThemeCount();
  // The plot is recreated when its lines change; otherwise it only gets new numbers.
  const kind = JSON.stringify(lines.map(({ name, tone, fill, dashed }) => [name, tone, fill, dashed]));
  const data = useMemo(
    (): uPlot.AlignedData => [[...times], ...lines.map(({ values }) => [...values])],
    [times, lines],
  );
  const latest = useRef({ data, lines, formatAxis });
  latest.current = { data, lines, formatAxis };
  // biome-ignore lint/correctness/useExhaustiveDependencies: see `kind`; colours are read again with another theme
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const colour = colourReader(element);
    const axis: uPlot.Axis = {
      stroke: colour('--muted'),
      grid: { stroke: colour('--line'), width: 1 },
      ticks: { show: false },
      font: `11px ${getComputedStyle(element).fontFamily}`,
    };
    const made = new uPlot(
      {
        width: element.clientWidth,
        height: heightPx,
        legend: { show: false },
        cursor: { drag: { x: false, y: false }, points: { size: 6 } },
        scales: {
          y: { range: (_plot, _low, high) => [0, Math.max(high * 1.1, 1)] },
        },
        axes: [
          { ...axis, size: 26, space: 70, values: clockTexts },
          {
            ...axis,
            size: 52,
            space: 34,
            values: (_plot, values) => values.map(value => latest.current.formatAxis(value)),
          },
        ],
        series: [
          {},
          ...latest.current.lines.map(
            ({ name, tone, fill, dashed }): uPlot.Series => ({
              label: name,
              stroke: colour(`--${tone}`),
              width: 1.75,
              points: {
                show: false,
                size: 6,
                fill: colour(`--${tone}`),
                filter: (plot, at) => isolatedIn([...(plot.data[at] ?? [])]),
              },
              ...(fill ? { fill: withAlpha(colour(`--${tone}`), 0.12) } : {}),
              ...(dashed ? { dash: [4, 3] } : {}),
            }),
          ),
        ],
      },
      latest.current.data,
      element,
    );
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: heightPx }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [kind, theme]);
  useEffect(() => plot.current?.setData(data), [data]);
  return (
    <>
      <div ref={box} className="plot" data-points={times.length} aria-hidden />
      <ul className="legend">
        {lines.map(({ name, tone, values, dashed }) => {
          const last = values.findLast(value => value !== null);
          return (
            <li key={name}>
              <i style={{ borderTopColor: `var(--${tone})`, borderTopStyle: dashed ? 'dashed' : 'solid' }} />
              {name}
              <strong>{last === undefined || last === null ? '–' : format(last)}</strong>
            </li>
          );
        })}
      </ul>
    </>
  );
}

/** Times of day; of a short time with their seconds, since they would all be the same. */
function clockTexts(_plot: uPlot, splits: readonly number[]): string[] {
  const shortSeconds = 60;
  const [first = 0, second = first + shortSeconds] = splits;
  const clock = uPlot.fmtDate(second - first < shortSeconds ? '{HH}:{mm}:{ss}' : '{HH}:{mm}');
  return splits.map(split => clock(new Date(split * 1_000)));
}

/** Colours are custom properties that depend on the theme; a canvas needs what comes out of them. */
function colourReader(element: HTMLElement): (property: string) => string {
  return property => {
    const probe = element.appendChild(document.createElement('i'));
    probe.style.color = `var(${property})`;
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };
}

function withAlpha(color: string, alpha: number): string {
  return `color-mix(in srgb, ${color} ${alpha * 100}%, transparent)`;
}

/** Counts the changes of theme, made by the page's button or the system. */
function useThemeCount(): number {
  const [count, setCount] = useState(0);
  useEffect(() => {
    const changed = () => setCount(before => before + 1);
    const observer = new MutationObserver(changed);
    observer.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    const system = matchMedia('(prefers-color-scheme: dark)');
    system.addEventListener('change', changed);
    return () => {
      observer.disconnect();
      system.removeEventListener('change', changed);
    };
  }, []);
  return count;
}

/** The places of values that have none beside them: no line goes there, so each needs a point to be seen. */
export function isolatedIn(values: readonly (number | null | undefined)[]): number[] {
  const isThere = (at: number) => typeof values[at] === 'number';
  return [...values.keys()].filter(at => isThere(at) && !isThere(at - 1) && !isThere(at + 1));
}
