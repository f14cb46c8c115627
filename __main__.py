"""`python -m nocturne` prints the environment report as JSON."""
import json
import sys

from qgis.core import QgsApplication

from .algorithms.progress import Progress
from .processing_provider.tools.check_environment import find_out

application = QgsApplication([], False)
application.initQgis()
json.dump(find_out(True, Progress()), sys.stdout, indent=2)
sys.stdout.write("\n")
application.exitQgis()
