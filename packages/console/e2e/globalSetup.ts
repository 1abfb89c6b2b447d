import { buildConsole } from '../../../scripts/start/buildConsole.ts';

/** Tests run on the page as it is served, so it is built before them. */
export default async function setup(): Promise<void> {
  if (await buildConsole()) console.log('built the console');
}
