/** The folder of the built page: `createGateway({ console: { directory: consoleDirectory } })`. */
export declare const consoleDirectory: string;
