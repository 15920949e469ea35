"""The backend-for-frontend of the hotel back office: one cloud service for one desktop application."""
