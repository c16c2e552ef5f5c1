"""The public site: pages, feeds, pictures and files that anyone may read."""

from sdc_web.site.figures import Process
from sdc_web.site.health import Examination, Part, examine
from sdc_web.site.looks import Looks
from sdc_web.site.machines import key_file
from sdc_web.site.pictures import Pictures
from sdc_web.site.routes import route_handlers
from sdc_web.site.share import Cards

__all__ = ["Cards", "Examination", "Looks", "Part", "Pictures", "Process", "examine", "key_file", "route_handlers"]
