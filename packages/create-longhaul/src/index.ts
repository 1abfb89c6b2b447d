export { type CreatedApp, CreateError, type CreateOptions, createApp } from './createApp.ts';
