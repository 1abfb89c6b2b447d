import { readFile } from 'node:fs/promises';
import { type Contract, checkContract, contractSnapshot } from '@longhaul/proto';

/** Throws where the contract breaks what is deployed, of which `file` has the snapshot. */
export async function requireCompatible(file: string, contract: Contract): Promise<void> {
  const deployed = JSON.parse(await readFile(file, 'utf8'));
  const { compatible, findings } = checkContract(deployed, contractSnapshot(contract));
  for (const { level, task, part, path, message } of findings)
    console.log(`${level}: ${task}, ${part} ${path}: ${message}`);
  if (!compatible) throw new Error('The contract breaks what is deployed.');
}
