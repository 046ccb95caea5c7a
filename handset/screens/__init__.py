"""The screens of the app, one file for each; `handset.app` joins them to the phone."""
