import { scriptedContract, scriptedHandlers } from './scriptedTasks.ts';
import { runExecutorProcess } from './testProcesses.ts';

await runExecutorProcess(scriptedContract, scriptedHandlers);
