import { scriptedContract } from './scriptedTasks.ts';
import { runGatewayProcess } from './testProcesses.ts';

await runGatewayProcess(scriptedContract);
