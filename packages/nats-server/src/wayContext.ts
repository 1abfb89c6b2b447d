/** What a way gets to work with. */
export interface WayContext {
  /** An empty folder of its own; removed afterwards. */
  workDir: string;
  env: NodeJS.ProcessEnv;
  /** Gets a line about what is being done. */
  say: (line: string) => void;
}
