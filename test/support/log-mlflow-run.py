"""Logs one training run as a team would, to the server that is named. Prints its ids as JSON."""

import json
import os
import sys

os.environ['MLFLOW_DISABLE_TELEMETRY'] = 'true'
import mlflow
import pandas as pd
from sklearn.linear_model import LogisticRegression

mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_experiment('credit')
rows = pd.DataFrame({'income': [10.0, 20.0, 30.0, 40.0], 'age': [20.0, 30.0, 40.0, 50.0], 'y': [0, 1, 0, 1]})
with mlflow.start_run(tags={'mlflow.source.git.commit': '9fceb02d0ae598e95dc970b74767f19372d61af8'}) as run:
    data = mlflow.data.from_pandas(rows, name='credit-default', targets='y')
    mlflow.log_input(data, context='training')
    mlflow.log_params({'C': 1.0})
    mlflow.log_metric('roc_auc', 0.77)
    model = LogisticRegression().fit(rows[['income', 'age']], rows.y)
    logged = mlflow.sklearn.log_model(model, name='model', registered_model_name='credit-default')
mlflow.MlflowClient().set_registered_model_alias('credit-default', 'champion', '1')
print(json.dumps({'run': run.info.run_id, 'model': logged.model_id, 'digest': data.digest}))
