import { basename, extname, relative, sep } from 'node:path';
import { watch } from 'chokidar';

/** Folders that have no code of a project, wherever they are. */
const passedOver = new Set(['node_modules', 'dist', 'build', 'out', 'coverage']);
/** What Node.js loads. */
const code = new Set(['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs', '.json']);
/** An editor saves several files at once, and a version control system many. */
const quietMs = 150;

/** Watches the code of a project. */
export type FileWatch = { readonly close: () => Promise<void> };

/**
 * Calls back once for the changes of code below these paths that come together, and names one of them.
 *
 * @returns when the watch has begun: from then on no change is missed
 */
export async function watchFiles(
  paths: readonly string[],
  onChange: (file: string) => void,
): Promise<FileWatch> {
  const watcher = watch([...paths], {
    ignoreInitial: true,
    ignored: (path, stats) => {
      const parts = paths.flatMap(root => (path.startsWith(root) ? relative(root, path).split(sep) : []));
      if (parts.some(part => passedOver.has(part) || (part.startsWith('.') && part.length > 1))) return true;
      return stats?.isFile() === true && (!code.has(extname(path)) || basename(path).includes('.test.'));
    },
  });
  let timer: NodeJS.Timeout | undefined;
  watcher.on('all', (_event, path) => {
    if (!code.has(extname(path))) return;
    clearTimeout(timer);
    timer = setTimeout(() => onChange(path), quietMs);
  });
  await new Promise<void>((resolve, reject) => {
    watcher.once('ready', resolve);
    watcher.once('error', reject);
  });
  return {
    close: async () => {
      clearTimeout(timer);
      await watcher.close();
    },
  };
}
