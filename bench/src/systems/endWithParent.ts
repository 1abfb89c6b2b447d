/** Ends this process when the harness that forked it is gone, however that ended. */
export function endWithParent(): void {
  process.once('disconnect', () => process.exit(1));
}
