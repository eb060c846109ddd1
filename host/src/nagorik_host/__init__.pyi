from .host import Host as Host, Tracked as Tracked, open_host as open_host
