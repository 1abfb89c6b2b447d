import { QueryClientProvider } from '@tanstack/react-query';
import { Compass } from 'lucide-react';
import { lazy, useState } from 'react';
import { Route, Switch, useLocation } from 'wouter';
import { ButtonLink } from '../components/button.tsx';
import { Empty } from '../components/states.tsx';
import { createQueryClient } from '../gateway/queries.ts';
import { ErrorBoundary } from './errorBoundary.tsx';
import { Shell } from './shell.tsx';

// Each page is loaded when it is first seen.
const OverviewPage = lazy(() => import('../features/overview/overviewPage.tsx'));
const RunPage = lazy(() => import('../features/run/runPage.tsx'));
const TaskPage = lazy(() => import('../features/task/taskPage.tsx'));
const TasksPage = lazy(() => import('../features/tasks/tasksPage.tsx'));

export function App() {
  const [queries] = useState(createQueryClient);
  const [path] = useLocation();
  return (
    <QueryClientProvider client={queries}>
      <Shell>
        <ErrorBoundary place={path}>
          <Switch>
            <Route path="/" component={OverviewPage} />
            <Route path="/run/:name?" component={RunPage} />
            <Route path="/tasks" component={TasksPage} />
            <Route path="/tasks/:id" component={TaskPage} />
            <Route>
              <div className="card">
                <Empty
                  icon={Compass}
                  title="There is no such page"
                  action={<ButtonLink href="/">Overview</ButtonLink>}
                >
                  There is no page at this address. Use the navigation.
                </Empty>
              </div>
            </Route>
          </Switch>
        </ErrorBoundary>
      </Shell>
    </QueryClientProvider>
  );
}
